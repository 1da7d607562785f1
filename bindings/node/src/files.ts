import { native } from './native';

/** Writes a file as everything here is written: readers see the old content or the new, never a part. */
export async function writeFile(path: string, bytes: Uint8Array): Promise<void> {
  await native.fileWrite(path, bytes);
}

/** As {@link writeFile}; the event loop waits. */
export function writeFileSync(path: string, bytes: Uint8Array): void {
  native.fileWriteSync(path, bytes);
}

/** Throws what {@link writeFile} would throw for the path alone. Nothing is written. */
export function checkWriteFile(path: string): void {
  native.fileCheckWrite(path);
}

/** A text that came from a file, as it may go to a terminal: control characters and the like become escapes. */
export function printable(text: string): string {
  return native.textPrintable(text);
}

/** What {@link version} gives. */
export interface Version {
  /** `'0.1.0'`. */
  library: string;
  /** 1. */
  abi: number;
}

/** The version of the library that runs (`'0.1.0'`), and of its ABI (1). */
export function version(): Version {
  return native.version();
}
