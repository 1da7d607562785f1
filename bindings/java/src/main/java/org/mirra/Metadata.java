package org.mirra;

import org.mirra.raw.Constants;

/** What a picture may hold beside its pixels. */
public enum Metadata {
  /** The ICC profile. */
  ICC(Constants.MIRRA_METADATA_ICC),
  /** A TIFF structure, without "Exif" before it; its orientation is 1. */
  EXIF(Constants.MIRRA_METADATA_EXIF),
  /** A packet of XML. */
  XMP(Constants.MIRRA_METADATA_XMP),
  /** Photoshop's resources ("8BIM"), in which IPTC lies. */
  PHOTOSHOP(Constants.MIRRA_METADATA_PHOTOSHOP);

  private final int value;

  Metadata(int value) {
    this.value = value;
  }

  int value() {
    return value;
  }

  static Metadata of(int value) {
    for (Metadata one : values()) {
      if (one.value == value) {
        return one;
      }
    }
    throw new IllegalArgumentException("no Metadata has the number " + value);
  }
}
