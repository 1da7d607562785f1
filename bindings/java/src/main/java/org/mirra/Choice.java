package org.mirra;

/**
 * A value that a parameter may have by name.
 *
 * @param value what callers write
 * @param label what people read
 */
public record Choice(String value, String label) {}
