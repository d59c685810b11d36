// Reads what stands behind "piggy:": a key of the Pod's own source, or a secret or parameter that it names itself
// (docs/references.md). The launcher (envlauncher/internal/reference) reads the same; testdata/references.json is run by both.

import {
  isParameterLabel,
  isParameterName,
  isParameterVersion,
  isSecretId,
  isVersion,
  mayBeVersionId,
  parseParameterArn,
  parseSecretArn,
} from '../aws-names.ts';
import { WHOLE } from './missing-keys.ts';
import { parseOptions, type Options } from './reference-options.ts';
import { cut, ReferenceMistake, unescapePart, type WhenMissing } from './reference-text.ts';
import { CURRENT, type NamedSource, type SecretVersion } from './source.ts';

export type Reference = {
  /** As it is written; its value is answered under it. */
  readonly text: string;
  /** It is the key itself, as every reference was before others could name a source. */
  readonly isPlain: boolean;
  /** `undefined`: the Pod's own. */
  readonly source: NamedSource | undefined;
  readonly key: SecretKey;
  readonly whenMissing: WhenMissing;
  /** Of all keys of a source: what the names of their variables begin with; `undefined` where one value is meant. */
  readonly prefix?: string;
};

/** A key is looked for by its whole text first, and then part by part, from object to object. */
export type SecretKey = {
  readonly text: string;
  /** Its parts; `undefined`: what stands between the dots. */
  readonly path: readonly string[] | undefined;
};

const BEGINS_WITH_A_WORD = /^(?:all|arn|key|secret|parameter):/;

/** Throws ReferenceMistake. `text` is not empty. */
export function parseReference(text: string): Reference {
  if (!text.isWellFormed()) throw new ReferenceMistake('it must be UTF-8');
  if (!BEGINS_WITH_A_WORD.test(text)) return plainReference(text);
  const { before: kind, after: rest = '' } = cut(text, ':');
  switch (kind) {
    case 'all':
      return { text, isPlain: false, ...parseAll(rest) };
    case 'key':
      return { text, isPlain: false, ...parseOwn(rest) };
    case 'secret':
      return { text, isPlain: false, ...parseSecret(rest) };
    case 'parameter':
      return { text, isPlain: false, ...parseParameter(rest) };
    default:
      return { text, isPlain: false, ...parseArn(text) };
  }
}

/** Tells sources apart. */
export function sourceKey({ source }: Reference): string {
  return source === undefined ? '' : JSON.stringify(source);
}

/** A key of the Pod's own source, whatever it looks like. */
export function plainReference(text: string): Reference {
  const whenMissing = 'fail';
  return { text, isPlain: true, source: undefined, key: plainKey(text), whenMissing };
}

export function plainKey(text: string): SecretKey {
  return { text, path: undefined };
}

type Parsed = Pick<Reference, 'source' | 'key' | 'whenMissing' | 'prefix'>;

const PREFIX = /^[A-Za-z_][A-Za-z0-9_]{0,63}$/;

/** All keys of a source, which only the annotation env-from asks for. */
function parseAll(text: string): Parsed {
  const { prefix = '', ...parsed } = parseAllOf(text);
  if (parsed.key.text !== WHOLE) {
    throw new ReferenceMistake(
      'all keys are taken from ".", "secret:<name or ARN>", "parameter:<name or ARN>" or an ARN, without a key',
    );
  }
  if (typeof parsed.whenMissing === 'object') {
    throw new ReferenceMistake('all keys have no default; there is "optional"');
  }
  if (prefix !== '' && !PREFIX.test(prefix)) {
    throw new ReferenceMistake(
      '"prefix" must be 1 to 64 letters, digits and "_", and no digit first',
    );
  }
  return { ...parsed, prefix };
}

function parseAllOf(text: string): Parsed {
  const { before: kind, after: rest = '' } = cut(text, ':');
  switch (kind) {
    case 'arn':
      return parseArn(text);
    case 'secret':
      return parseSecret(rest, ['prefix']);
    case 'parameter':
      return parseParameter(rest, ['prefix']);
    default:
      return parseOwn(text, ['prefix']);
  }
}

/** As task definitions of ECS have it: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/secrets-envvar-secrets-manager.html */
function parseArn(text: string): Parsed {
  const fields = text.split(':');
  const arn = fields.slice(0, 7).join(':');
  if (parseSecretArn(arn) !== undefined && isSecretId(arn)) {
    return parseArnOfSecret(arn, fields.slice(7));
  }
  if (parseParameterArn(text) !== undefined) {
    return { source: parameterSource(text, ''), key: plainKey(WHOLE), whenMissing: 'fail' };
  }
  throw new ReferenceMistake(
    'it is the ARN of neither a secret nor a parameter; a key that begins so is written piggy:key:arn:…',
  );
}

function parseArnOfSecret(secretId: string, more: readonly string[]): Parsed {
  const [key = '', stage = '', id = '', ...others] = more;
  if (others.length > 0) {
    throw new ReferenceMistake(
      'behind the ARN of a secret stand at most a key, a staging label and a version id, with a colon before each',
    );
  }
  const source = { kind: 'secretsManager', secretId, version: parseVersion(stage, id) } as const;
  return { source, key: plainKey(key === '' ? WHOLE : key), whenMissing: 'fail' };
}

/** Of the Pod's own source: a key, and options. */
function parseOwn(rest: string, more: readonly string[] = []): Parsed {
  const { before: key, after } = cut(rest, '?');
  const options = parseOptions(after, more);
  return { source: undefined, key: parseKey(key), ...describeOptions(options) };
}

function describeOptions({ get, whenMissing }: Options): Pick<Parsed, 'whenMissing' | 'prefix'> {
  const prefix = get('prefix');
  return prefix === '' ? { whenMissing } : { whenMissing, prefix };
}

function parseSecret(rest: string, more: readonly string[] = []): Parsed {
  const { id, key, options } = parseShort(rest, ['stage', 'version', ...more]);
  if (!isSecretId(id)) {
    throw new ReferenceMistake(
      'what stands behind "secret:" is neither the name nor the ARN of a secret',
    );
  }
  const version = parseVersion(options.get('stage'), options.get('version'));
  return {
    source: { kind: 'secretsManager', secretId: id, version },
    key,
    ...describeOptions(options),
  };
}

function parseParameter(rest: string, more: readonly string[] = []): Parsed {
  const { id, key, options } = parseShort(rest, ['label', 'version', ...more]);
  const source = parameterSource(id, selectorOf(options));
  return { source, key, ...describeOptions(options) };
}

/** ID#KEY?OPTIONS; without a key it is the whole text. */
function parseShort(rest: string, names: readonly string[]) {
  const { before, after } = cut(rest, '?');
  const { before: id, after: key } = cut(before, '#');
  const options = parseOptions(after, names);
  return { id, key: key === undefined ? plainKey(WHOLE) : parseKey(key), options };
}

function parameterSource(id: string, selector: string): NamedSource {
  if (!isParameterName(id) && parseParameterArn(id) === undefined) {
    throw new ReferenceMistake(
      'what stands behind "parameter:" is neither the name of a parameter, such as /shop/api/url, nor its ARN',
    );
  }
  if (/(?:^|\/)PIGGY_[^/]*$/.test(id)) {
    throw new ReferenceMistake('parameters whose name begins with PIGGY_ are never given out');
  }
  return { kind: 'parameter', id, selector };
}

function selectorOf(options: Options): string {
  const label = options.get('label');
  const version = options.get('version');
  if (label !== '' && version !== '') throw exclusive('label and version');
  if (label !== '' && !isParameterLabel(label)) {
    throw new ReferenceMistake(
      '"label" must be the label of a parameter: letters, digits, "_", "." and "-", and no digit first',
    );
  }
  if (version !== '' && !isParameterVersion(version)) {
    throw new ReferenceMistake('"version" of a parameter must be a whole number, from 1 on');
  }
  return label + version === '' ? '' : `:${label}${version}`;
}

function parseVersion(stage: string, id: string): SecretVersion {
  if (stage !== '' && id !== '') throw exclusive('a staging label and a version id');
  if (id !== '') {
    if (mayBeVersionId(id)) return { kind: 'id', id };
    throw new ReferenceMistake('a version id has 32 to 64 characters');
  }
  if (stage === '') return CURRENT;
  if (isVersion(stage)) return { kind: 'stage', stage };
  throw new ReferenceMistake(
    'a staging label has 1 to 256 characters, none of them a control character',
  );
}

function exclusive(what: string): ReferenceMistake {
  return new ReferenceMistake(`${what} exclude each other; keep one`);
}

function parseKey(written: string): SecretKey {
  if (written === '') throw new ReferenceMistake('it names no key');
  if (written === WHOLE) return plainKey(WHOLE);
  const path = written.split('.').map(unescapePart);
  return { text: path.join('.'), path };
}
