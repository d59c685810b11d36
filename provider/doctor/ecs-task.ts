// Reads a task definition of ECS, as `aws ecs describe-task-definition` answers it and as `register-task-definition` takes it.
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDefinition.html

import { ReferenceMistake } from '../secrets/reference-text.ts';
import { parseReference, type Reference } from '../secrets/reference.ts';
import { readField } from './cluster-object.ts';

export type EcsTask = {
  readonly family: string;
  /** Where parameters are that go by their names; "*" where the text does not say. */
  readonly place: { readonly partition: string; readonly region: string; readonly account: string };
  readonly containers: readonly EcsContainer[];
};

export type EcsContainer = {
  readonly name: string;
  readonly image: string;
  readonly entryPoint: readonly string[];
  readonly command: readonly string[];
  readonly environment: readonly { readonly name: string; readonly value: string }[];
  readonly secrets: readonly { readonly name: string; readonly reference: Reference }[];
  /** Fields that are about secrets or variables and that no env block says. */
  readonly leftOut: readonly string[];
};

const MAX_BYTES = 1_048_576;
const PLACE = /^arn:(?<partition>aws[a-z-]*):ecs:(?<region>[a-z0-9-]+):(?<account>\d{12}):/;

/** Throws a RangeError that says what is wrong. It quotes no value: one of `environment` may be a secret. */
export function parseEcsTask(text: string): EcsTask {
  if (text.length > MAX_BYTES) throw new RangeError('the task definition is larger than 1 MiB');
  const written = parseJson(text);
  const task = readField(written, 'taskDefinition') ?? written;
  const containers = readList(task, 'containerDefinitions', 'the task definition');
  if (containers.length === 0) {
    throw new RangeError('the file is no task definition: it has no containerDefinitions');
  }
  const parsed = containers.map(parseContainer);
  if (parsed.every(({ secrets }) => secrets.length === 0)) {
    throw new RangeError('no container of the task definition has secrets');
  }
  return {
    family: readText(task, 'family', 'the task definition'),
    place: parsePlace(readField(task, 'taskDefinitionArn')),
    containers: parsed,
  };
}

function parsePlace(arn: unknown): EcsTask['place'] {
  const { groups = {} } = (typeof arn === 'string' ? PLACE.exec(arn) : null) ?? {};
  const { partition = 'aws', region = '*', account = '*' } = groups;
  return { partition, region, account };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    // What the parser says quotes the text.
    throw new RangeError('the task definition is not JSON');
  }
}

function parseContainer(container: unknown): EcsContainer {
  const name = readText(container, 'name', 'a container of the task definition');
  const where = `container ${name}`;
  const environment = readList(container, 'environment', where).map((one) => ({
    name: readText(one, 'name', `environment of ${where}`),
    value: parseValue(readField(one, 'value')),
  }));
  const secrets = readList(container, 'secrets', where).map((one) => {
    const variable = readText(one, 'name', `secrets of ${where}`);
    const valueFrom = readText(one, 'valueFrom', `secret ${variable} of ${where}`);
    return { name: variable, reference: parseValueFrom(valueFrom, `${variable} of ${where}`) };
  });
  const taken = environment.find(({ value }) => value.startsWith('piggy:'));
  if (taken !== undefined) {
    throw new RangeError(
      `${taken.name} of ${where} begins with "piggy:", which Piggy would take for a reference; give it another value`,
    );
  }
  return {
    name,
    image: readText(container, 'image', where),
    entryPoint: readList(container, 'entryPoint', where).map(String),
    command: readList(container, 'command', where).map(String),
    environment,
    secrets,
    leftOut: findLeftOut(container),
  };
}

function parseValue(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

/** The ARN of a secret or parameter as it stands, or the name of a parameter. */
function parseValueFrom(valueFrom: string, where: string): Reference {
  const text = valueFrom.startsWith('arn:') ? valueFrom : `parameter:${valueFrom}`;
  try {
    return parseReference(text);
  } catch (error) {
    if (!(error instanceof ReferenceMistake)) throw error;
    const problem = `valueFrom ${JSON.stringify(valueFrom.slice(0, 200))}: ${error.message}`;
    throw new RangeError(`${where}: ${problem}`, { cause: error });
  }
}

function findLeftOut(container: unknown): string[] {
  const fields: Readonly<Record<string, unknown>> = {
    environmentFiles: readField(container, 'environmentFiles', '0'),
    repositoryCredentials: readField(container, 'repositoryCredentials', 'credentialsParameter'),
    'logConfiguration.secretOptions': readField(
      container,
      'logConfiguration',
      'secretOptions',
      '0',
    ),
  };
  return Object.keys(fields).filter((name) => fields[name] !== undefined);
}

function readText(object: unknown, field: string, where: string): string {
  const value = readField(object, field);
  if (typeof value === 'string' && value !== '') return value;
  throw new RangeError(`${where} has no ${field}`);
}

function readList(object: unknown, field: string, where: string): readonly unknown[] {
  const value = readField(object, field) ?? [];
  if (Array.isArray(value)) return value;
  throw new RangeError(`${field} of ${where} must be a list`);
}
