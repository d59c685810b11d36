// Reads all that a container asks for: each source on its own, side by side, as if it were the only one. The first that fails
// fails all.

import { ProviderError } from '../errors.ts';
import {
  parameterText,
  planParameterCalls,
  storedParameter,
  type ParameterCall,
  type ParameterQuestion,
} from './named-parameters.ts';
import type { ReadNamedParameters } from './parameter-store-client.ts';
import {
  createSecretsReader,
  type ReadSecrets,
  type SecretQuestion,
  type SecretsDependencies,
} from './read-secrets.ts';
import { roleKey } from './assumed-role.ts';
import type { StoredSecret } from './stored-secret.ts';
import type { SelectedValues } from './values.ts';

export type SourcesContext = {
  readonly signal: AbortSignal;
  /** Told which question was refused by what AWS said. */
  readonly observeDenied: (question: SecretQuestion) => void;
};

/** Throws as ReadSecrets does. Each question has been granted; their sources differ. */
export type ReadSources = (
  questions: readonly SecretQuestion[],
  context: SourcesContext,
) => Promise<SelectedValues>;

export type SourcesDependencies = Omit<SecretsDependencies, 'readParameter'> & {
  readonly readNamedParameters: ReadNamedParameters;
};

export function createSourcesReader(dependencies: SourcesDependencies): ReadSources {
  const { readNamedParameters, ...others } = dependencies;
  return async (questions, context) => {
    const { signal } = context;
    const readParameter = readInCalls(questions, (call) => readNamedParameters(call, signal));
    const readSecrets = createSecretsReader({ ...others, readParameter });
    const read = (question: SecretQuestion) =>
      readOne(readSecrets, question, context).catch((error: unknown) => {
        throw nameSource(error, question);
      });
    return merge(await Promise.all(questions.map(read)));
  };
}

async function readOne(
  readSecrets: ReadSecrets,
  question: SecretQuestion,
  { signal, observeDenied }: SourcesContext,
): Promise<SelectedValues> {
  try {
    return adviseOn(question, await readSecrets(question, signal));
  } catch (error) {
    if (!(error instanceof ProviderError)) throw error;
    if (error.code === 'access_denied') observeDenied(question);
    const { references } = question;
    const mayBeMissing = references.every(({ whenMissing }) => whenMissing !== 'fail');
    if (error.code !== 'secret_not_found' || !mayBeMissing || references.length === 0) throw error;
    return { values: new Map(), missing: references.map(({ text }) => text), hint: error.message };
  }
}

/** The advice of a missing key speaks of the Pod's own source; the whole text of another one is its reference without a key. */
function adviseOn({ references }: SecretQuestion, selected: SelectedValues): SelectedValues {
  const isNamed = references.some(({ source }) => source !== undefined);
  const { hint } = selected;
  if (!isNamed || hint === undefined) return selected;
  return { ...selected, hint: hint.replaceAll('piggy:.', 'the reference without its key') };
}

/** Says of a failure which source it is of, so that the launcher can name the variable. */
export function nameSource(
  error: unknown,
  { calledBy }: Pick<SecretQuestion, 'calledBy'>,
): unknown {
  if (calledBy === undefined || !(error instanceof ProviderError)) return error;
  const { code, message, cause, retryAfterSeconds } = error;
  const waits = retryAfterSeconds === undefined ? {} : { retryAfterSeconds };
  return new ProviderError(code, `${calledBy}: ${message}`, { cause, ...waits });
}

function merge(selected: readonly SelectedValues[]): SelectedValues {
  const [first, ...others] = selected;
  if (first !== undefined && others.length === 0) return first;
  const values = new Map(selected.flatMap((one) => [...one.values]));
  const missing = selected.flatMap((one) => one.missing);
  const hints = new Set(selected.flatMap(({ hint }) => hint ?? []));
  return missing.length === 0
    ? { values, missing }
    : { values, missing, hint: [...hints].join('; ') };
}

/** The parameters of all questions, in as few calls as they fit into. */
function readInCalls(
  questions: readonly SecretQuestion[],
  read: (call: ParameterCall) => ReturnType<ReadNamedParameters>,
): SecretsDependencies['readParameter'] {
  const asked = questions.flatMap(({ source, grant: { role } }) =>
    source.kind === 'parameter' ? [{ ...source, role }] : [],
  );
  if (asked.length === 0) return () => Promise.reject(new Error('no parameter was asked for'));
  const calls = planParameterCalls(asked).map((call) => ({ call, answer: read(call) }));
  return async (question) => {
    const planned = calls.find(({ call }) => holds(call, question));
    const stored = planned && storedParameter(await planned.answer, question);
    return stored ?? notFound(question);
  };
}

function holds({ parameters, region, role }: ParameterCall, question: ParameterQuestion): boolean {
  const wanted = parameterText(question);
  return (
    region === question.region &&
    roleKey(role) === roleKey(question.role) &&
    parameters.some((parameter) => parameterText(parameter) === wanted)
  );
}

function notFound(question: ParameterQuestion): StoredSecret {
  throw new ProviderError(
    'secret_not_found',
    `parameter ${parameterText(question)} in ${question.region} does not exist, or not in this version; check name, region and version`,
  );
}
