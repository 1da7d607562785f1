/** Mirra: image processing on adversarially robust autoencoders. */
module org.mirra {
  requires transitive java.desktop;

  exports org.mirra;
}
