// What the stand-in for AWS answers as Parameter Store.
// https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetParameters.html

import type { AwsRequest } from './aws.ts';

export type AwsParameter = {
  readonly name: string;
  readonly type: 'String' | 'StringList' | 'SecureString';
  readonly value: string;
  readonly labels?: readonly string[];
};

const PAGE_SIZE = 10;
const ACCOUNT = '123456789012';

/** All versions, each name's latest last. */
type Parameters = readonly AwsParameter[];

export function getParametersByPath(parameters: Parameters, { region, input }: AwsRequest): object {
  const { Path, Recursive, WithDecryption, NextToken, MaxResults } = input;
  const prefix = `${String(Path).replace(/\/$/, '')}/`;
  const latest = [...new Map(parameters.map((one) => [one.name, one])).values()];
  const found = latest.filter(
    ({ name }) =>
      name.startsWith(prefix) && (Recursive === true || !name.slice(prefix.length).includes('/')),
  );
  const from = Number(NextToken ?? 0);
  const to = from + Math.min(Number(MaxResults ?? PAGE_SIZE), PAGE_SIZE);
  const page = found.slice(from, to).map((one) => show(one, { region, WithDecryption }));
  return { Parameters: page, ...(to < found.length ? { NextToken: String(to) } : {}) };
}

/** `undefined` where AWS does not take the question. */
export function getParameters(
  parameters: Parameters,
  { region, input }: AwsRequest,
): object | undefined {
  const { Names, WithDecryption } = input;
  if (!(Names instanceof Array) || Names.length > PAGE_SIZE) return undefined;
  const answers = (Names as readonly string[]).map((asked) => {
    const found = find(parameters, asked);
    return {
      asked,
      found: found && { ...show(found, { region, WithDecryption }), ...repeat(asked) },
    };
  });
  return {
    Parameters: answers.flatMap(({ found }) => found ?? []),
    InvalidParameters: answers.filter(({ found }) => !found).map(({ asked }) => asked),
  };
}

const ASKED = /^(?<arn>arn:aws:ssm:[^:]+:\d+:parameter)?(?<name>[^:]+)(?::(?<which>.+))?$/;

function find(parameters: Parameters, asked: string): AwsParameter | undefined {
  const { name, which } = ASKED.exec(asked)?.groups ?? {};
  const versions = parameters.filter((one) => one.name === name);
  if (which === undefined) return versions.at(-1);
  return versions.find(({ labels = [] }, at) => String(at + 1) === which || labels.includes(which));
}

/** The account is that of the ARN that was asked for. */
function repeat(asked: string): object {
  const { arn, name, which } = ASKED.exec(asked)?.groups ?? {};
  return {
    ...(which === undefined ? {} : { Selector: `:${which}` }),
    ...(arn === undefined ? {} : { ARN: `${arn}${name}` }),
  };
}

function show(
  { name, type, value }: AwsParameter,
  { region, WithDecryption }: { readonly region: string; readonly WithDecryption: unknown },
): object {
  return {
    Name: name,
    Type: type,
    Value: type === 'SecureString' && WithDecryption !== true ? 'encrypted' : value,
    ARN: `arn:aws:ssm:${region}:${ACCOUNT}:parameter${name.startsWith('/') ? '' : '/'}${name}`,
  };
}
