// Plans in which calls of AWS the parameters are read that references name one by one, ten a call, and what each of them holds.

import { roleKey, type AssumedRole } from './assumed-role.ts';
import { parameterTarget } from './grant.ts';
import type { SecretSource } from './source.ts';
import type { StoredSecret } from './stored-secret.ts';
import { ALLOW_LIST, parseSecretString, type Parameter } from './values.ts';

export type ParameterSource = Extract<SecretSource, { kind: 'parameter' }>;

export type ParameterQuestion = ParameterSource & { readonly role?: AssumedRole | undefined };

/** Its name or ARN, and as AWS takes it behind that, which version. */
export type ParameterId = Pick<ParameterSource, 'id' | 'selector'>;

export type ParameterCall = {
  readonly parameters: readonly ParameterId[];
  readonly region: string;
  /** `undefined`: the provider's own. */
  readonly role?: AssumedRole | undefined;
};

/** What AWS has of them, by `parameterText`. */
export type NamedParameters = {
  readonly found: ReadonlyMap<string, Parameter & { readonly arn: string }>;
  /** Characters, about. */
  readonly size: number;
};

const MAX_IN_A_CALL = 10;

export function parameterText({ id, selector }: ParameterId): string {
  return `${id}${selector}`;
}

/** With each of them the list of who may read is asked for that stands beside it. */
export function planParameterCalls(questions: readonly ParameterQuestion[]): ParameterCall[] {
  const groups = Map.groupBy(questions, ({ region, role }) =>
    JSON.stringify([region, roleKey(role)]),
  );
  return [...groups.values()].flatMap((group) => {
    const [first] = group;
    if (first === undefined) return [];
    const { region, role } = first;
    return fillCalls(group).map((parameters) => ({ parameters, region, role }));
  });
}

/** In an order of their own, so that containers that ask the same ask AWS the same. */
function fillCalls(group: readonly ParameterQuestion[]): ParameterId[][] {
  const calls: Map<string, ParameterId>[] = [];
  const sorted = group.toSorted((a, b) => (parameterText(a) < parameterText(b) ? -1 : 1));
  for (const { id, selector } of sorted) {
    const wanted = [{ id, selector }, allowListOf(id)];
    const last = calls.at(-1);
    if (last !== undefined && fits(last, wanted)) put(last, wanted);
    else calls.push(put(new Map(), wanted));
  }
  return calls.map((call) => [...call.values()]);
}

/** Two versions of one parameter are asked for in two calls: the answers name the parameter. */
function fits(call: ReadonlyMap<string, ParameterId>, wanted: readonly ParameterId[]): boolean {
  const added = wanted.filter(({ id }) => !call.has(id));
  const isApart = wanted.every(
    ({ id, selector }) => (call.get(id)?.selector ?? selector) === selector,
  );
  return isApart && call.size + added.length <= MAX_IN_A_CALL;
}

function put(call: Map<string, ParameterId>, wanted: readonly ParameterId[]) {
  for (const one of wanted) call.set(one.id, one);
  return call;
}

/** The parameter PIGGY_ALLOWED_SA under the same path. */
function allowListOf(id: string): ParameterId {
  return { id: `${id.slice(0, id.lastIndexOf('/') + 1)}${ALLOW_LIST}`, selector: '' };
}

/** `undefined` where AWS has no such parameter. */
export function storedParameter(
  { found }: NamedParameters,
  source: ParameterSource,
): StoredSecret | undefined {
  const parameter = found.get(parameterText(source));
  if (parameter === undefined) return undefined;
  const content = parseSecretString(parameter.value);
  const beside = found.get(parameterText(allowListOf(source.id)));
  const allowLists = [...content.allowLists, ...(beside === undefined ? [] : [beside.value])];
  const target = parameterTarget(parameter.name);
  const { arn } = parameter;
  return {
    content: { ...content, allowLists },
    target:
      target.kind === 'parameter' ? { ...target, arn: arn === '' ? target.arn : arn } : target,
    size: parameter.value.length,
  };
}
