import { statusValues, type Status } from './generated';

/** What kind of thing went wrong: a word of the C API's `mirra_status`, or `'closed'` for an object after `close()`. */
export type ErrorCode = Exclude<Status, 'ok'> | 'closed';

/** All that an error says, in one line. Many sentences name what they are about; the others get it in front. */
function described(sentence: string, subject: string, hint: string): string {
  const about = subject === '' || sentence.includes(subject) ? '' : `${subject}: `;
  return about + sentence + (hint === '' ? '' : ` (${hint})`);
}

/**
 * What every function of this package throws, and what its promises are rejected with. `message` is all that it says:
 * the sentence, what it was about, and what to do.
 */
export class MirraError extends Error {
  /** Always the same. */
  override readonly name = 'MirraError';

  constructor(
    /** The kind of error: `'not_found'`, `'invalid_argument'`, ... */
    readonly code: ErrorCode,
    /** The number of the C API for it: `MIRRA_E_*`. */
    readonly status: number,
    /** What went wrong, in one sentence. */
    readonly sentence: string,
    /** What it was about: a file, a parameter, a port, ... or `''`. */
    readonly subject: string,
    /** What to do about it, or `''`. */
    readonly hint: string,
  ) {
    super(described(sentence, subject, hint));
  }
}

/** An argument that this package refuses before the library sees it. */
export function invalid(subject: string, what: string, hint = ''): MirraError {
  return new MirraError('invalid_argument', statusValues.invalid_argument, `'${subject}' ${what}`, subject, hint);
}

/** The names of the options of a type. */
export type OptionNames<Options> = Readonly<Record<keyof Options, true>>;

/** Refuses what is no option: nothing would read it. `of` says whose options they are. */
export function checkOptions<Options extends object>(options: Options, known: OptionNames<Options>, of: string): void {
  for (const name in options)
    if (!Object.hasOwn(known, name))
      throw invalid(name, `is no option of ${of}`, `The options are: ${Object.keys(known).join(', ')}.`);
}
