import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';

import { MirraError, type ErrorCode, type Image } from 'mirra';

export const root = join(__dirname, '..');
export const prefix = process.env.MIRRA_PREFIX ?? '/usr';
export const command = join(prefix, 'bin', 'mirra');

/** An empty folder that is removed at the end. */
export function scratch(): string {
  const folder = mkdtempSync(join(tmpdir(), 'mirra-node-'));
  after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** What `assert.throws` and `assert.rejects` check of an error. */
export function failure(code: ErrorCode, subject?: string): (error: unknown) => boolean {
  return (error) => {
    if (!(error instanceof MirraError)) throw error;
    if (error.code !== code) throw new Error(`expected ${code}, got ${error.code}: ${error.message}`);
    if (subject !== undefined && error.subject !== subject)
      throw new Error(`expected the subject ${subject}, got ${error.subject}`);
    return true;
  };
}

/** The same noise each time. */
export function noise(width: number, height: number, channels: 1 | 2 | 3 | 4, seed = 1): Image<Uint8Array> {
  const data = new Uint8Array(width * height * channels);
  let state = seed;
  for (let i = 0; i < data.length; ++i) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    data[i] = 96 + (state >>> 26);
  }
  return { data, width, height, channels };
}

/** Runs a program in a process of its own. */
export function node(
  script: string,
  values: readonly string[] = [],
): Promise<{ status: number | null; signal: NodeJS.Signals | null; output: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ['--expose-gc', ...values, '-e', script], {
      cwd: root,
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: 120_000,
    });
    let output = '';
    child.stdout.on('data', (text: Buffer) => (output += text.toString()));
    child.stderr.on('data', (text: Buffer) => (output += text.toString()));
    child.on('error', reject);
    child.on('close', (status, signal) => {
      resolve({ status, signal, output });
    });
  });
}

/** Runs a program and gives what it prints. */
export function run(file: string, ...values: string[]): string {
  return execFileSync(file, values, { encoding: 'utf8', cwd: root });
}
