// The cases of tests/conformance, which every binding runs.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';

import { Engine } from 'mirra';

import { CaseRun, type Case, type Index } from './conformance';
import { root, scratch } from './support';

const suite = join(root, '..', '..', 'tests', 'conformance');
const folder = join(root, '..', '..', 'build', 'conformance');
/** Capabilities that this binding lacks. */
const lacking = new Map([['bare_run', 'an output that is not given is made']]);
const skipped = new Map([['closed-tensors', 'tensors are plain objects: there is nothing to close']]);

execFileSync(join(suite, 'prepare'), [folder], { stdio: 'inherit' });
const index = JSON.parse(readFileSync(join(folder, 'index.json'), 'utf8')) as Index;
const engine = new Engine({ pluginPath: join(folder, index.plugins) });
after(() => engine.close());
const own = scratch();

for (const file of readdirSync(join(suite, 'cases')).sort()) {
  const { cases } = JSON.parse(readFileSync(join(suite, 'cases', file), 'utf8')) as { cases: Case[] };
  for (const one of cases) {
    const missing = one.needs?.find((need) => lacking.has(need));
    const reason = (missing && lacking.get(missing)) ?? skipped.get(one.name);
    test(one.name, { skip: reason ?? false }, async () => {
      const place = join(own, one.name);
      mkdirSync(place);
      const run = new CaseRun(folder, index, engine, place);
      try {
        for (const [position, step] of one.steps.entries())
          await run.step(step).catch((error: unknown) => {
            throw new Error(`step ${position + 1} (${step.op}): ${String(error)}`, { cause: error });
          });
      } finally {
        await run.close();
      }
    });
  }
}

test('there are cases', () => assert.ok(readdirSync(join(suite, 'cases')).length > 5));
