import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseDoctorArguments } from './arguments.ts';

const nothing = {
  pod: undefined,
  fromEcs: undefined,
  secretId: '',
  parameterPath: '',
  region: '',
  image: undefined,
  kyverno: { namespace: 'kyverno', name: 'kyverno-admission-controller' },
  asJson: false,
};

const valid: Record<string, [args: string[], question: object | undefined]> = {
  'no arguments examine the installation': [[], nothing],
  'a Pod is named with its namespace': [
    ['--pod', 'shop/api-0'],
    { ...nothing, pod: { kind: 'name', namespace: 'shop', name: 'api-0' } },
  ],
  'a dash is a manifest on standard input': [
    ['--pod', '-', '--namespace', 'shop'],
    { ...nothing, pod: { kind: 'manifest', namespace: 'shop' } },
  ],
  'what lies outside is looked at where it is named': [
    ['--secret=shop/api', '--image', 'nginx', '--region', 'eu-west-1', '--json'],
    { ...nothing, secretId: 'shop/api', image: 'nginx', region: 'eu-west-1', asJson: true },
  ],
  'Kyverno may be elsewhere': [
    ['--kyverno', 'policy/kyverno'],
    { ...nothing, kyverno: { namespace: 'policy', name: 'kyverno' } },
  ],
  'a task definition of ECS is read from a file, for a namespace': [
    ['--from-ecs', 'task.json', '--namespace', 'shop'],
    { ...nothing, fromEcs: { file: 'task.json', namespace: 'shop' } },
  ],
  'help is no question': [['--help'], undefined],
};

for (const [name, [args, question]] of Object.entries(valid)) {
  test(name, () => {
    assert.deepEqual(parseDoctorArguments(args), question);
  });
}

const refused: Record<string, [args: string[], message: RegExp]> = {
  'an option that does not exist': [['--secrets', 'a'], /--secrets/],
  'an argument without an option': [['shop/api'], /shop\/api/],
  'a Pod without its namespace': [['--pod', 'api-0'], /--pod must be NAMESPACE\/NAME, not "api-0"/],
  'a Pod with too much': [['--pod', 'a/b/c'], /NAMESPACE\/NAME/],
  'two sources at a time': [['--secret', 'a', '--parameter-path', '/a'], /one at a time/],
};

for (const [name, [args, message]] of Object.entries(refused)) {
  test(`refuses ${name}`, () => {
    assert.throws(() => parseDoctorArguments(args), { name: 'RangeError', message });
  });
}
