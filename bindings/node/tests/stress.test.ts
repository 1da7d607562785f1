// 16 threads with 8 sessions each, mixed tasks, cancels and closes at random. MIRRA_TEST_SECONDS says how long.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Worker, isMainThread, parentPort, workerData } from 'node:worker_threads';

import { Engine, MirraError, type Image, type RunOptions, type Session } from 'mirra';

import { noise } from './support';

interface Work {
  seed: number;
  until: number;
  expected: Uint8Array[];
}

const threads = 16;
const sessionsEach = 8;
/** Tasks with their parameters and the sides of their images. */
const kinds: [string, Record<string, number | string>, number][] = [
  ['denoise', { sigma: 25 }, 16],
  ['denoise', { sigma: 10, strength: 0.5 }, 48],
  ['stylize', { strength: 0.5 }, 32],
  ['invert', { method: 'optimize', iterations: 2, seed: 3 }, 32],
];

function open(engine: Engine, kind: number): Session {
  const [task, parameters] = kinds[kind] as (typeof kinds)[number];
  return engine.session(task, parameters, { threads: 1, ...(task === 'denoise' && { quality: 'fast' }) });
}

function input(session: Session, kind: number): Record<string, Image> {
  const side = (kinds[kind] as (typeof kinds)[number])[2];
  const image = noise(side, side, 3);
  return session.task.name === 'stylize' ? { image, style: noise(32, 32, 3, 5) } : { image };
}

function pixels(result: { image: unknown }): Uint8Array {
  return (result.image as Image<Uint8Array>).data;
}

/** One of the threads. */
async function work({ seed, until, expected }: Work): Promise<{ runs: number; cancelled: number }> {
  let state = seed;
  const random = (below: number): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state >>> 8) % below;
  };
  const engine = new Engine();
  const count = { runs: 0, cancelled: 0 };
  const one = async (first: number): Promise<void> => {
    let kind = first % kinds.length;
    let session = open(engine, kind);
    while (Date.now() < until) {
      const controller = new AbortController();
      const options: RunOptions = { signal: controller.signal };
      if (random(3) === 0) options.onProgress = () => undefined;
      const job = session.run(input(session, kind), options);
      const dice = random(8);
      if (dice === 0) setTimeout(() => controller.abort(), random(4));
      if (dice === 1) setTimeout(() => job.cancel(), random(4));
      if (dice === 2) session.close();
      try {
        assert.deepEqual(pixels(await job), expected[kind]);
        count.runs += 1;
      } catch (error) {
        const stopped = controller.signal.aborted || (error instanceof MirraError && error.code === 'cancelled');
        if (!stopped) throw error;
        count.cancelled += 1;
      }
      if (dice <= 2) {
        session.close();
        kind = random(kinds.length);
        session = open(engine, kind);
      }
    }
    session.close();
  };
  await Promise.all(Array.from({ length: sessionsEach }, (_, index) => one(seed + index)));
  engine.close();
  return count;
}

if (isMainThread) {
  test('threads and sessions at once give what one gives', async () => {
    const seconds = Number(process.env.MIRRA_TEST_SECONDS ?? 30);
    const engine = new Engine();
    const expected = kinds.map((_, kind) => {
      const session = open(engine, kind);
      const result = pixels(session.runSync(input(session, kind)));
      session.close();
      return result;
    });
    engine.close();
    const until = Date.now() + seconds * 1000;
    const counts = await Promise.all(
      Array.from({ length: threads }, (_, index) => {
        const worker = new Worker(__filename, {
          workerData: { seed: 100 * index + 1, until, expected } satisfies Work,
        });
        return new Promise<{ runs: number; cancelled: number }>((resolve, reject) => {
          worker.once('message', resolve).once('error', reject);
        });
      }),
    );
    const runs = counts.reduce((sum, count) => sum + count.runs, 0);
    const cancelled = counts.reduce((sum, count) => sum + count.cancelled, 0);
    console.log(`${runs} runs and ${cancelled} cancelled in ${seconds} s`);
    assert.ok(runs > threads && cancelled > 0);
  });
} else {
  work(workerData as Work).then(
    (count) => parentPort?.postMessage(count),
    (error: unknown) => {
      throw error;
    },
  );
}
