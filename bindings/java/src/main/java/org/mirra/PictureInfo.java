package org.mirra;

import java.lang.foreign.MemorySegment;
import java.util.List;
import org.mirra.internal.Frame;
import org.mirra.raw.MirraPictureInfo;

/**
 * What the file of a picture was.
 *
 * @param fileFormat "png", "jpeg"; "" where there was no file
 * @param bitDepth of the file: 1 to 16, or 32; of the samples where there was no file
 * @param colorTag which tag says what the colours are: "icc", "cicp", "srgb", "gama"; "" where none
 *     does, which is taken as sRGB
 * @param notes sentences for people about what the file had and the picture lacks
 */
public record PictureInfo(String fileFormat, int bitDepth, String colorTag, List<String> notes) {
  static PictureInfo of(MemorySegment s, List<String> notes) {
    return new PictureInfo(
        Frame.text(MirraPictureInfo.file_format(s)),
        MirraPictureInfo.bit_depth(s),
        Frame.text(MirraPictureInfo.color_tag(s)),
        notes);
  }
}
