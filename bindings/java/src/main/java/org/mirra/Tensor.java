package org.mirra;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.SegmentAllocator;
import java.util.Arrays;
import org.mirra.raw.Constants;
import org.mirra.raw.DLDataType;
import org.mirra.raw.DLDevice;
import org.mirra.raw.DLTensor;

/**
 * Numbers in a shape, row-major: what graphs take and give, and what a safetensors file holds.
 *
 * <p>The numbers are not copied; leave them as they are while a call uses them.
 */
public final class Tensor {
  private final float[] data;
  private final long[] shape;

  private Tensor(float[] data, long[] shape) {
    this.data = data;
    this.shape = shape;
  }

  /**
   * A tensor of a shape.
   *
   * @param data as many numbers as the shape has
   * @param shape for instance N, C, H, W
   * @return the tensor
   */
  public static Tensor of(float[] data, long... shape) {
    long count = Arrays.stream(shape).reduce(1, Math::multiplyExact);
    if (count != data.length || Arrays.stream(shape).anyMatch(extent -> extent < 0)) {
      throw new IllegalArgumentException(
          data.length + " numbers do not fill the shape " + Arrays.toString(shape));
    }
    return new Tensor(data, shape.clone());
  }

  /**
   * The numbers, the last axis first.
   *
   * @return the array itself
   */
  public float[] data() {
    return data;
  }

  /**
   * The extents.
   *
   * @return a copy
   */
  public long[] shape() {
    return shape.clone();
  }

  @Override
  public String toString() {
    return "Tensor" + Arrays.toString(shape);
  }

  MemorySegment toNative(SegmentAllocator allocator) {
    MemorySegment s = DLTensor.allocate(allocator);
    long[] strides = new long[shape.length];
    long stride = 1;
    for (int axis = shape.length - 1; axis >= 0; --axis) {
      strides[axis] = stride;
      stride *= shape[axis];
    }
    DLTensor.data(s, allocator.allocateFrom(JAVA_FLOAT, data));
    DLDevice.device_type(DLTensor.device(s), Constants.kDLCPU);
    DLTensor.ndim(s, shape.length);
    DLDataType.code(DLTensor.dtype(s), (byte) Constants.kDLFloat);
    DLDataType.bits(DLTensor.dtype(s), (byte) 32);
    DLDataType.lanes(DLTensor.dtype(s), (short) 1);
    DLTensor.shape(s, allocator.allocateFrom(JAVA_LONG, shape));
    DLTensor.strides(s, allocator.allocateFrom(JAVA_LONG, strides));
    return s;
  }

  /** A copy of a row-major fp32 tensor of the library's. */
  static Tensor of(MemorySegment s) {
    int axes = DLTensor.ndim(s);
    long[] shape =
        axes == 0
            ? new long[0]
            : DLTensor.shape(s).reinterpret(axes * JAVA_LONG.byteSize()).toArray(JAVA_LONG);
    long count = Arrays.stream(shape).reduce(1, Math::multiplyExact);
    if (count == 0) {
      return new Tensor(new float[0], shape);
    }
    long start = DLTensor.data(s).address() + DLTensor.byte_offset(s);
    MemorySegment data = MemorySegment.ofAddress(start).reinterpret(count * Float.BYTES);
    return new Tensor(data.toArray(JAVA_FLOAT), shape);
  }
}
