package org.mirra;

import java.util.function.Consumer;
import org.mirra.internal.Library;

/** Receives sentences during a call, and keeps what the receiver throws until the call is over. */
final class NoteListener {
  private final Consumer<String> receiver;
  private Throwable failure;

  NoteListener(Consumer<String> receiver) {
    this.receiver = receiver;
  }

  void accept(String sentence) {
    try {
      if (failure == null) {
        receiver.accept(sentence);
      }
    } catch (Throwable thrown) {
      failure = thrown;
    }
  }

  void rethrow() {
    if (failure != null) {
      throw Library.rethrow(failure);
    }
  }
}
