// Derives the raw layer from mirra.h: `node scripts/generate.mjs HEADER [--check]`.
//
// Writes native/generated/functions.inc (all functions, for the loader), native/generated/structs.inc (the structs that
// the library fills, as JavaScript objects), src/generated/words.ts (enums and flags) and src/generated/structs.ts (those
// structs as types), with the header's own comments. With --check nothing is written: the exit status says whether the files fit the header.

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

// The structs that cross to JavaScript, in the header's order.
const structs = [
  'mirra_rect',
  'mirra_task_info',
  'mirra_port_info',
  'mirra_param_info',
  'mirra_bundle_record',
  'mirra_plugin_record',
  'mirra_device_info',
  'mirra_runtime_info',
  'mirra_bundle_info',
  'mirra_graph_info',
  'mirra_picture_info',
  'mirra_comparison',
  'mirra_session_info',
  'mirra_plan',
  'mirra_progress',
  'mirra_result_info',
  'mirra_job_status',
];
const truths = new Set(['usable', 'loaded', 'fits', 'tileable']);
// Arrays whose count is not named after them.
const counts = { choice_labels: 'choice_count', input_channels: 'input_count' };
const bitSets = { precisions: 'mirra_precision' };

// Where the header's comment speaks of C, or of what stands around it.
const rewritten = {
  mirra_status: 'How a call of the C API ended.',
  mirra_format: 'What the samples of an image are.',
  mirra_alpha_mode: 'What alpha means for the colours. Pixels of alpha 0 take part in nothing.',
  'mirra_task_info.port_count': 'How many ports it has.',
  'mirra_task_info.param_count': 'How many parameters it has.',
  'mirra_task_info.qualities':
    "Qualities of the task's bundles that were found ('fast', 'balanced', 'best'), from the fastest. None where there is one bundle only.",
  'mirra_port_info.type': 'What goes through it.',
  'mirra_param_info.type': 'What its values are.',
  'mirra_param_info.default_value': 'Default of a bool, int or float, unless `defaultText` is set.',
  'mirra_param_info.default_text':
    'Default of a string, enum, file or color, and of a number whose default is one of `choices`; null where `defaultValue` holds.',
  'mirra_plugin_record.task_count': 'How many tasks it brought.',
  'mirra_device_info.precisions': 'Those that the hardware supports.',
  'mirra_bundle_info.graph_count': 'How many networks it has.',
  'mirra_bundle_record.quality':
    "What a session's `quality` takes for the task; '' for a bundle that is none of the task's default ones.",
  'mirra_result_info.value_count': 'How many plain results there are.',
  'mirra_result_info.tensor_count': 'How many tensors there are.',
  'mirra_picture_info.note_count': 'How many notes there are.',
};

const camel = (name) => name.replace(/_(\w)/g, (_, letter) => letter.toUpperCase());
const pascal = (name) => camel(`_${name.replace(/^mirra_/, '')}`);

function cleanComment(text) {
  return text
    .replace(/^\s*\/\*|\*\/\s*$/g, '')
    .replace(/^\s*\* ?/gm, '')
    .replace(/\s+/g, ' ')
    .trim();
}

/** The pieces of a struct's or an enum's body, each with the comment before or behind it. */
function members(body, separator) {
  const list = [];
  let comment = '';
  const token = new RegExp(`\\/\\*[\\s\\S]*?\\*\\/|[^${separator}/]+${separator}?`, 'g');
  for (const [piece] of body.matchAll(token)) {
    if (piece.startsWith('/*')) {
      const last = list.at(-1);
      if (last && !last.comment && last.open) last.comment = cleanComment(piece);
      else comment = cleanComment(piece);
    } else if (piece.trim()) {
      // A comment on the same line belongs to what stands before it.
      list.push({ text: piece.replace(separator, '').trim(), comment, open: true });
      comment = '';
    }
    const last = list.at(-1);
    const end = body.indexOf(piece) + piece.length;
    if (last && /^[ \t]*\n/.test(body.slice(end))) last.open = false;
  }
  return list;
}

function parse(header) {
  const text = header.slice(header.indexOf('/* ---- Version ---- */'));
  const functions = [...text.matchAll(/^MIRRA_API [^(]*?(mirra_\w+)\(/gm)].map((match) => match[1]);
  const enums = new Map();
  for (const [, , owner, body] of text.matchAll(
    /((?:\/\*(?:(?!\*\/)[\s\S])*\*\/\n)?)enum (mirra_\w+) \{([\s\S]*?)\};/g,
  )) {
    const values = members(body, ',').map(({ text: item, comment }) => {
      const [, name, value] = /^(\w+)\s*=\s*(-?\d+)$/.exec(item);
      return { name, value: Number(value), comment };
    });
    const type = owner.replace(/_value$/, '').replace(/_flag$/, '_flags');
    const before = text.slice(0, text.indexOf(`enum ${owner} {`));
    const doc = /\/\*((?:(?!\*\/)[\s\S])*)\*\/\ntypedef u?int32_t \w+;\n$/.exec(before);
    enums.set(type, {
      type,
      values: withWords(type, values),
      flags: owner.endsWith('_flag'),
      comment: doc ? cleanComment(doc[1]) : '',
    });
  }
  const parsed = structs.map((name) => {
    const match = new RegExp(
      `(?:/\\*((?:(?!\\*/)[\\s\\S])*)\\*/\\n)?typedef struct ${name} \\{([\\s\\S]*?)\\} ${name};`,
    ).exec(text);
    if (!match) throw new Error(`the header has no struct ${name}`);
    return { name, comment: cleanComment(match[1] ?? ''), fields: fields(members(match[2], ';')) };
  });
  return { functions, enums, structs: parsed };
}

function withWords(type, values) {
  let prefix = values[0].name;
  if (values.length === 1) prefix = `MIRRA_${type.replace(/^mirra_|_flags$/g, '').toUpperCase()}_`;
  for (const { name } of values) while (!name.startsWith(prefix)) prefix = prefix.replace(/[^_]+_?$/, '');
  return values.map((value) => ({ ...value, word: value.name.slice(prefix.length).replace(/^E_/, '').toLowerCase() }));
}

function fields(list) {
  const found = [];
  for (const { text, comment } of list) {
    const [, type, names] = /^(.*?[ *])((?:\w+, )*\w+)$/.exec(text.replace(/\s+/g, ' '));
    for (const name of names.split(', ')) found.push({ type: type.trim(), name, comment });
  }
  const has = new Set(found.map((field) => field.name));
  for (const field of found) {
    if (!/^const (char \*const|int64_t) \*$/.test(field.type)) continue;
    field.count =
      counts[field.name] ??
      [`${field.name.replace(/ies$/, 'y').replace(/s$/, '')}_count`].find((name) => has.has(name));
  }
  const used = new Set(found.map((field) => field.count));
  return found.filter(({ name }) => !used.has(name) && !['struct_size', 'reserved'].includes(name));
}

/** What a field is in C++ and in TypeScript. */
function kind({ type, name, count }, enums) {
  if (count) {
    return type.includes('char')
      ? { cpp: `js.strings(value.${name}, value.${count})`, ts: 'string[]' }
      : { cpp: `js.numbers(value.${name}, value.${count})`, ts: 'number[]' };
  }
  if (bitSets[name])
    return { cpp: `js.bits(value.${name}, words_of_${bitSets[name]})`, ts: `${pascal(bitSets[name])}[]` };
  if (type === 'const char *')
    return { cpp: `js.text_or_null(value.${name})`, ts: name === 'default_text' ? 'string | null' : 'string' };
  const owner = enums.get(type);
  if (owner?.flags)
    return { cpp: `js.flags(value.${name}, words_of_${type})`, ts: `${pascal(type).replace(/s$/, '')}[]` };
  if (owner) return { cpp: `js.word(value.${name}, words_of_${type})`, ts: pascal(type) };
  if (truths.has(name)) return { cpp: `js.boolean(value.${name} != 0)`, ts: 'boolean' };
  return { cpp: `js.number(static_cast<double>(value.${name}))`, ts: 'number' };
}

const note = 'Derived from mirra.h by scripts/generate.mjs; do not edit.';

function cppFunctions({ functions }) {
  return [`// ${note}`, ...functions.map((name) => `MIRRA_FUNCTION(${name})`), ''].join('\n');
}

function cppStructs({ enums, structs: list }) {
  const lines = [`// ${note}`, ''];
  for (const { type, values } of enums.values()) {
    lines.push(`constexpr Word words_of_${type}[] = {`);
    for (const { word, name } of values) lines.push(`    {"${word}", ${name}},`);
    lines.push('};');
  }
  for (const struct of list) {
    lines.push(
      '',
      `inline napi_value to_object(Js &js, const ${struct.name} &value) {`,
      '    napi_value object = js.object();',
    );
    for (const field of struct.fields)
      lines.push(`    js.set(object, "${camel(field.name)}", ${kind(field, enums).cpp});`);
    lines.push('    return object;', '}');
  }
  return [...lines, ''].join('\n');
}

/** A comment of the header in the words of this package. */
function documentation(text, enums, indent) {
  let words = text.replace(/MIRRA_\w+\* ?[,.:]? ?/g, '').replace(/\bNULL\b/g, 'null');
  for (const { values } of enums.values()) {
    for (const { name, word } of values)
      words = words.replace(new RegExp(`(?<!\`)\\b${name}\\b`, 'g'), `\`'${word}'\``);
  }
  words = words.replace(/\b(mirra_\w+(?:\.\w+)?)\b/g, '`$1`').trim();
  if (!words) return [];
  return [`${indent}/** ${words[0].toUpperCase()}${words.slice(1)}${/[.!?:]$/.test(words) ? '' : '.'} */`];
}

function words({ enums }) {
  const lines = [`// ${note}`, ''];
  for (const { type, values, flags, comment } of enums.values()) {
    const name = flags ? pascal(type).replace(/s$/, '') : pascal(type);
    lines.push(
      `/** The numbers of {@link ${name}} in the C API. */`,
      `export const ${name[0].toLowerCase()}${name.slice(1)}Values = {`,
    );
    for (const { name: symbol, word, value, comment: about } of values)
      lines.push(...documentation(about || `\`${symbol}\` of the C API`, enums, '  '), `  ${word}: ${value},`);
    lines.push('} as const;', ...documentation(rewritten[type] ?? comment, enums, ''));
    lines.push(`export type ${name} = keyof typeof ${name[0].toLowerCase()}${name.slice(1)}Values;`, '');
  }
  return lines.join('\n');
}

function interfaces({ enums, structs: list }) {
  const names = [...enums.values()].map(({ type, flags }) => (flags ? pascal(type).replace(/s$/, '') : pascal(type)));
  const bodies = list.flatMap((struct) => interfaceOf(struct, enums));
  const used = names.filter((name) => bodies.some((line) => new RegExp(`: ${name}(\\[\\])?;$`).test(line)));
  return [`// ${note}`, '', `import type { ${used.join(', ')} } from './words';`, '', ...bodies].join('\n');
}

function interfaceOf(struct, enums) {
  const lines = [...documentation(struct.comment, enums, ''), `export interface ${pascal(struct.name)} {`];
  for (const field of struct.fields) {
    const comment = rewritten[`${struct.name}.${field.name}`] ?? field.comment;
    const document = documentation(comment, enums, '  ');
    lines.push(
      ...(document.length > 0 ? document : [`  /** See {@link ${kind(field, enums).ts.replace('[]', '')}}. */`]),
    );
    lines.push(`  ${camel(field.name)}: ${kind(field, enums).ts};`);
  }
  return [...lines, '}', ''];
}

const [header, check] = process.argv.slice(2);
if (!header) {
  process.stderr.write('usage: node scripts/generate.mjs HEADER [--check]\n');
  process.exit(2);
}
const api = parse(readFileSync(header, 'utf8'));
const root = join(import.meta.dirname, '..');
const files = {
  'native/generated/functions.inc': cppFunctions(api),
  'native/generated/structs.inc': cppStructs(api),
  'src/generated/words.ts': words(api),
  'src/generated/structs.ts': interfaces(api),
};
for (const [name, content] of Object.entries(files)) {
  const path = join(root, name);
  if (!check) {
    mkdirSync(join(path, '..'), { recursive: true });
    writeFileSync(path, content);
  } else if (readFileSync(path, 'utf8') !== content) {
    process.stderr.write(`${name} does not fit ${header}; run: node scripts/generate.mjs HEADER\n`);
    process.exitCode = 1;
  }
}
