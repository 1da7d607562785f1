/**
 * Mirra's tasks on images: denoise, stylize, and what plugins bring.
 *
 * <p>Begin with {@link org.mirra.Engine}. Its sessions run tasks on {@link
 * java.awt.image.BufferedImage}, on {@link org.mirra.Picture} (a file with its metadata) and on
 * {@link org.mirra.Image} (any memory). Everything that is {@link java.lang.AutoCloseable} is
 * closed by try-with-resources; use after that throws {@link java.lang.IllegalStateException}.
 * Errors are {@link org.mirra.MirraException}.
 */
package org.mirra;
