import { statusValues, type Status } from './generated';

/** What kind of thing went wrong: a word of the C API's `mirra_status`, or `'closed'` for an object after `close()`. */
export type ErrorCode = Exclude<Status, 'ok'> | 'closed';

/** What every function of this package throws, and what its promises are rejected with. */
export class MirraError extends Error {
  /** Always the same. */
  override readonly name = 'MirraError';

  constructor(
    /** The kind of error: `'not_found'`, `'invalid_argument'`, ... */
    readonly code: ErrorCode,
    /** The number of the C API for it: `MIRRA_E_*`. */
    readonly status: number,
    message: string,
    /** What it was about: a file, a parameter, a port, ... or `''`. */
    readonly subject: string,
    /** What to do about it, or `''`. */
    readonly hint: string,
  ) {
    super(message);
  }
}

/** An argument that this package refuses before the library sees it. */
export function invalid(subject: string, what: string): MirraError {
  return new MirraError('invalid_argument', statusValues.invalid_argument, `'${subject}' ${what}`, subject, '');
}
