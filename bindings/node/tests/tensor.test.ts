import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';

import { Bundle, Engine, parseTensors, readTensors, serializeTensors, writeTensors, type Tensor } from 'mirra';

import { failure, scratch } from './support';

const folder = scratch();

test('tensors are written and read again, whatever their names', async () => {
  const tensors = new Map<string, Tensor>([
    ['__proto__', { data: new Float32Array([1, 2, 3, 4, 5, 6]), shape: [2, 3] }],
    ['scalar', { data: new Float32Array([7]), shape: [] }],
    ['half', { data: new Uint16Array([0x3c00, 0xc000]), shape: [2], dtype: 'f16' }],
    ['brain', { data: new Uint16Array([0x3f80]), shape: [1], dtype: 'bf16' }],
    ['double', { data: new Float64Array([0.5]), shape: [1] }],
  ]);
  const path = join(folder, 't.safetensors');
  await writeTensors(path, tensors);
  const read = await readTensors(path);
  assert.deepEqual(Object.keys(read).sort(), [...tensors.keys()].sort());
  assert.deepEqual(
    [...(Object.entries(read).find(([name]) => name === '__proto__')?.[1].data ?? [])],
    [1, 2, 3, 4, 5, 6],
  );
  assert.deepEqual([...(read.half?.data ?? [])], [1, -2]);
  assert.deepEqual([...(read.brain?.data ?? [])], [1]);
  assert.deepEqual([...(read.double?.data ?? [])], [0.5]);
  assert.deepEqual(read.scalar?.shape, []);
  const again = parseTensors(serializeTensors(read));
  assert.deepEqual(again.half?.data, read.half?.data);
});

test('what does not fit its shape is refused', () => {
  const data = new Float32Array(6);
  const bad: Tensor[] = [
    { data, shape: [7] },
    { data, shape: [2 ** 31, 2 ** 31, 2 ** 31] },
    { data, shape: [2, 3], strides: [4, 1] },
    { data, shape: [2, 3], strides: [-3, 1] },
    { data, shape: [2, 3], strides: [3] },
    { data, shape: [-1] },
    { data, shape: [1.5] },
  ];
  for (const tensor of bad) assert.throws(() => serializeTensors({ tensor }), failure('invalid_argument'));
  const integers = { data: new Int32Array(6) as unknown as Float32Array, shape: [6] };
  assert.throws(() => serializeTensors({ integers }), failure('unsupported'));
  assert.throws(() => serializeTensors({ tensor: 5 as unknown as Tensor }), failure('invalid_argument', 'tensor'));
  assert.throws(() => parseTensors(Buffer.from('nothing')), failure('corrupt'));
});

test('a network of a bundle runs on tensors', async () => {
  using engine = new Engine();
  using bundle = await Bundle.open(engine.findBundle('encoder-resnet18-std.mirra'));
  const [graph] = bundle.graphs;
  assert.ok(graph);
  assert.equal(bundle.info.graphCount, bundle.graphs.length);
  assert.equal(typeof bundle.manifest, 'object');
  const image = { data: new Float32Array(3 * 64 * 64).fill(0.5), shape: [1, 3, 64, 64] };
  const outputs = await engine.runGraph(bundle, graph.name, { [graph.inputs[0] as string]: image });
  assert.deepEqual(Object.keys(outputs).sort(), [...graph.outputs].sort());
  await assert.rejects(engine.runGraph(bundle, 'none', { image }), failure('not_found', 'none'));
  bundle.close();
  assert.throws(() => bundle.info, failure('closed', 'bundle'));
  await assert.rejects(Bundle.open(join(folder, 'none.mirra')), failure('not_found'));
  assert.throws(() => Bundle.parse(Buffer.from('nothing')), failure('corrupt'));
});
