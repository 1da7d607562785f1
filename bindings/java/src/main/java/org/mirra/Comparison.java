package org.mirra;

/**
 * How alike two images are.
 *
 * @param psnr in dB over all colour channels, peak 1; capped at 80, which equal images have
 * @param ssim mean structural similarity, 1 for equal images; NaN for an image smaller than 11
 *     pixels
 */
public record Comparison(double psnr, double ssim) {}
