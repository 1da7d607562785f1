// What the generator makes of mirra.h.

export type * from './generated/structs';
export * from './generated/words';
