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
import { limitValues, type SelectedValues } from './values.ts';

export type SourcesContext = {
  readonly signal: AbortSignal;
  /** Counts, under the rule by which a secret was fetched, that it was given to nobody. */
  readonly observeAccess: (decision: 'denied', rule: string) => void;
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
  const readWithoutParameters = createSecretsReader({ ...others, readParameter: refuseParameter });
  return async (questions, context) => {
    const { signal } = context;
    const readSecrets = questions.some(({ source }) => source.kind === 'parameter')
      ? createSecretsReader({
          ...others,
          readParameter: readInCalls(questions, (call) => readNamedParameters(call, signal)),
        })
      : readWithoutParameters;
    const [only, ...more] = questions;
    if (only !== undefined && more.length === 0) return readOne(readSecrets, only, context);
    const read = (question: SecretQuestion) => readOne(readSecrets, question, context);
    return merge(await Promise.all(questions.map(read)));
  };
}

function refuseParameter(): Promise<never> {
  return Promise.reject(new Error('no parameter was asked for'));
}

async function readOne(
  readSecrets: ReadSecrets,
  question: SecretQuestion,
  { signal, observeAccess }: SourcesContext,
): Promise<SelectedValues> {
  const { references } = question;
  try {
    return adviseOn(question, await readSecrets(question, signal));
  } catch (error) {
    if (!(error instanceof ProviderError)) throw error;
    if (error.code === 'access_denied') observeAccess('denied', question.grant.rule);
    const mayBeMissing = references.every(({ whenMissing }) => whenMissing !== 'fail');
    if (error.code !== 'secret_not_found' || !mayBeMissing || references.length === 0) {
      throw nameSource(error, question);
    }
    return { values: new Map(), missing: references.map(({ text }) => text), hint: error.message };
  }
}

/** The advice of a missing key speaks of the Pod's own source; the whole text of another one is its reference without a key. */
function adviseOn({ references }: SecretQuestion, selected: SelectedValues): SelectedValues {
  const { hint } = selected;
  const isNamed = references.some(({ source }) => source !== undefined);
  if (hint === undefined || !isNamed) return selected;
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
  const values = new Map(selected.flatMap((one) => [...one.values]));
  limitValues(values);
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
