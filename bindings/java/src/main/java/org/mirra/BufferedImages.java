package org.mirra;

import java.awt.Graphics2D;
import java.awt.Transparency;
import java.awt.color.ColorSpace;
import java.awt.color.ICC_ColorSpace;
import java.awt.color.ICC_Profile;
import java.awt.image.BufferedImage;
import java.awt.image.ColorModel;
import java.awt.image.ComponentColorModel;
import java.awt.image.ComponentSampleModel;
import java.awt.image.DataBuffer;
import java.awt.image.DataBufferByte;
import java.awt.image.DataBufferFloat;
import java.awt.image.DataBufferInt;
import java.awt.image.DataBufferUShort;
import java.awt.image.Raster;
import java.awt.image.SampleModel;
import java.awt.image.SinglePixelPackedSampleModel;
import java.awt.image.WritableRaster;
import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.Optional;

/** Pixels of Java's own images. */
final class BufferedImages {
  private BufferedImages() {}

  /** The pixels where they lie; empty for a layout that Mirra does not know. */
  static Optional<Image> wrap(BufferedImage image) {
    ImageSpec spec = specOf(image);
    if (spec == null) {
      return Optional.empty();
    }
    SampleModel model = image.getSampleModel();
    if (model instanceof ComponentSampleModel component) {
      return Optional.of(wrapComponents(image, component, spec));
    }
    return Optional.of(wrapPacked(image, (SinglePixelPackedSampleModel) model, spec));
  }

  /** A copy of an image of any other layout. */
  static Image wrapConverted(BufferedImage image) {
    BufferedImage copy = convertedLike(image, image.getWidth(), image.getHeight());
    Graphics2D graphics = copy.createGraphics();
    graphics.drawImage(image, 0, 0, null);
    graphics.dispose();
    return wrap(copy).orElseThrow();
  }

  /** A new image of the same kind. colored: it must hold colours. */
  static BufferedImage like(BufferedImage model, int width, int height, boolean colored) {
    ImageSpec spec = specOf(model);
    if (spec == null || colored && spec.channels().count() < 3) {
      return convertedLike(model, width, height);
    }
    if (model.getType() != BufferedImage.TYPE_CUSTOM) {
      return new BufferedImage(width, height, model.getType());
    }
    ColorModel colors = model.getColorModel();
    WritableRaster raster = colors.createCompatibleWritableRaster(width, height);
    return new BufferedImage(colors, raster, colors.isAlphaPremultiplied(), null);
  }

  private static BufferedImage convertedLike(BufferedImage model, int width, int height) {
    boolean alpha = model.getColorModel().hasAlpha();
    return new BufferedImage(
        width, height, alpha ? BufferedImage.TYPE_4BYTE_ABGR : BufferedImage.TYPE_3BYTE_BGR);
  }

  /** null for a layout that Mirra does not know. */
  private static ImageSpec specOf(BufferedImage image) {
    SampleFormat format = formatOf(image);
    ColorModel colors = image.getColorModel();
    ColorSpace space = colors.getColorSpace();
    int wanted = space.getType() == ColorSpace.TYPE_GRAY ? 1 : 3;
    boolean known = wanted == 1 || space.getType() == ColorSpace.TYPE_RGB;
    if (format == null || !known || colors.getNumColorComponents() != wanted) {
      return null;
    }
    if (image.getSampleModel().getNumBands() != colors.getNumComponents()) {
      return null;
    }
    boolean alpha = colors.hasAlpha();
    return new ImageSpec(
        image.getWidth(),
        image.getHeight(),
        format,
        Channels.of(wanted + (alpha ? 1 : 0)),
        alpha && image.isAlphaPremultiplied() ? AlphaMode.PREMULTIPLIED : AlphaMode.STRAIGHT,
        space == linear() ? Transfer.LINEAR : Transfer.ENCODED,
        profileOf(space));
  }

  private static SampleFormat formatOf(BufferedImage image) {
    SampleModel model = image.getSampleModel();
    DataBuffer buffer = image.getRaster().getDataBuffer();
    if (model instanceof SinglePixelPackedSampleModel packed
        && buffer instanceof DataBufferInt
        && Arrays.stream(packed.getSampleSize()).allMatch(bits -> bits == 8)
        && Arrays.stream(packed.getBitOffsets()).allMatch(bit -> bit % 8 == 0)) {
      return SampleFormat.U8;
    }
    if (!(model instanceof ComponentSampleModel)
        || !(image.getColorModel() instanceof ComponentColorModel)) {
      return null;
    }
    return switch (buffer) {
      case DataBufferByte bytes -> SampleFormat.U8;
      case DataBufferUShort shorts -> SampleFormat.U16;
      case DataBufferFloat floats -> SampleFormat.F32;
      default -> null;
    };
  }

  private static byte[] profileOf(ColorSpace space) {
    boolean plain =
        space.isCS_sRGB()
            || space == linear()
            || space == ColorSpace.getInstance(ColorSpace.CS_GRAY);
    return !plain && space instanceof ICC_ColorSpace icc ? icc.getProfile().getData() : null;
  }

  private static ColorSpace linear() {
    return ColorSpace.getInstance(ColorSpace.CS_LINEAR_RGB);
  }

  private static Image wrapComponents(
      BufferedImage image, ComponentSampleModel model, ImageSpec spec) {
    WritableRaster raster = image.getRaster();
    DataBuffer buffer = raster.getDataBuffer();
    long size = spec.format().bytes();
    long pixelStride = model.getPixelStride() * size;
    long rowStride = model.getScanlineStride() * size;
    long corner =
        -raster.getSampleModelTranslateX() * pixelStride
            - raster.getSampleModelTranslateY() * rowStride;
    int[] banks = model.getBankIndices();
    MemorySegment[] memories = new MemorySegment[buffer.getNumBanks()];
    Plane[] planes = new Plane[spec.channels().count()];
    boolean interleaved = true;
    for (int band = 0; band < planes.length; ++band) {
      int bank = banks[band];
      if (memories[bank] == null) {
        memories[bank] = bankOf(buffer, bank);
      }
      long place = buffer.getOffsets()[bank] + model.getBandOffsets()[band];
      planes[band] = new Plane(memories[bank], corner + place * size, pixelStride, rowStride);
      interleaved &=
          bank == banks[0] && model.getBandOffsets()[band] == model.getBandOffsets()[0] + band;
    }
    return interleaved ? Image.of(spec, planes[0]) : Image.of(spec, planes);
  }

  private static MemorySegment bankOf(DataBuffer buffer, int bank) {
    return switch (buffer) {
      case DataBufferByte bytes -> MemorySegment.ofArray(bytes.getData(bank));
      case DataBufferUShort shorts -> MemorySegment.ofArray(shorts.getData(bank));
      case DataBufferFloat floats -> MemorySegment.ofArray(floats.getData(bank));
      default -> throw new AssertionError(buffer);
    };
  }

  private static Image wrapPacked(
      BufferedImage image, SinglePixelPackedSampleModel model, ImageSpec spec) {
    WritableRaster raster = image.getRaster();
    DataBufferInt buffer = (DataBufferInt) raster.getDataBuffer();
    MemorySegment memory = MemorySegment.ofArray(buffer.getData());
    long rowStride = model.getScanlineStride() * 4L;
    long corner =
        (buffer.getOffset() - raster.getSampleModelTranslateX()) * 4L
            - raster.getSampleModelTranslateY() * rowStride;
    Plane[] planes = new Plane[spec.channels().count()];
    for (int band = 0; band < planes.length; ++band) {
      int place = model.getBitOffsets()[band] / 8;
      if (ByteOrder.nativeOrder() == ByteOrder.BIG_ENDIAN) {
        place = 3 - place;
      }
      planes[band] = new Plane(memory, corner + place, 4, rowStride);
    }
    return Image.of(spec, planes);
  }

  /** A copy of any image. */
  static BufferedImage copy(Image image) {
    ImageSpec spec = image.spec();
    BufferedImage copy = allocate(spec);
    Image target = wrap(copy).orElseThrow();
    for (int channel = 0; channel < spec.channels().count(); ++channel) {
      Samples from = new Samples(image, channel);
      Samples to = new Samples(target, channel);
      for (int y = 0; y < spec.height(); ++y) {
        for (int x = 0; x < spec.width(); ++x) {
          to.set(x, y, from.get(x, y));
        }
      }
    }
    return copy;
  }

  private static BufferedImage allocate(ImageSpec spec) {
    int width = spec.width();
    int height = spec.height();
    boolean bytes = spec.format() == SampleFormat.U8;
    if (spec.icc() == null && spec.transfer() == Transfer.ENCODED) {
      boolean straight = spec.alphaMode() == AlphaMode.STRAIGHT;
      int type =
          switch (spec.channels()) {
            case GRAY -> bytes ? BufferedImage.TYPE_BYTE_GRAY : BufferedImage.TYPE_USHORT_GRAY;
            case RGB -> bytes ? BufferedImage.TYPE_3BYTE_BGR : BufferedImage.TYPE_CUSTOM;
            case RGBA ->
                !bytes
                    ? BufferedImage.TYPE_CUSTOM
                    : straight ? BufferedImage.TYPE_4BYTE_ABGR : BufferedImage.TYPE_4BYTE_ABGR_PRE;
            case GRAY_ALPHA -> BufferedImage.TYPE_CUSTOM;
          };
      if (type != BufferedImage.TYPE_CUSTOM) {
        return new BufferedImage(width, height, type);
      }
    }
    int type = bytes ? DataBuffer.TYPE_BYTE : DataBuffer.TYPE_USHORT;
    boolean alpha = spec.channels().hasAlpha();
    boolean premultiplied = alpha && spec.alphaMode() == AlphaMode.PREMULTIPLIED;
    ColorModel colors =
        new ComponentColorModel(
            spaceOf(spec),
            alpha,
            premultiplied,
            alpha ? Transparency.TRANSLUCENT : Transparency.OPAQUE,
            type);
    WritableRaster raster =
        Raster.createInterleavedRaster(type, width, height, spec.channels().count(), null);
    return new BufferedImage(colors, raster, premultiplied, null);
  }

  private static ColorSpace spaceOf(ImageSpec spec) {
    boolean gray = spec.channels().count() < 3;
    if (spec.icc() != null) {
      try {
        ColorSpace space = new ICC_ColorSpace(ICC_Profile.getInstance(spec.icc()));
        if (space.getType() == (gray ? ColorSpace.TYPE_GRAY : ColorSpace.TYPE_RGB)) {
          return space;
        }
      } catch (IllegalArgumentException e) {
        // A profile that Java cannot use is left out.
      }
    }
    if (gray) {
      return ColorSpace.getInstance(ColorSpace.CS_GRAY);
    }
    return spec.transfer() == Transfer.LINEAR
        ? linear()
        : ColorSpace.getInstance(ColorSpace.CS_sRGB);
  }
}
