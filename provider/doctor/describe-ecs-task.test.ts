import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseAllDocuments } from 'yaml';
import { parseAccessRules } from '../secrets/access-rules.ts';
import { parseReference } from '../secrets/reference.ts';
import { describeEcsTask } from './describe-ecs-task.ts';
import { parseEcsTask } from './ecs-task.ts';

const secret = 'arn:aws:secretsmanager:eu-west-1:123456789012:secret:shop/db-AbCdEf';
const shared = 'arn:aws:secretsmanager:eu-west-1:210987654321:secret:shared/cache-GhIjKl';
const task = {
  taskDefinitionArn: 'arn:aws:ecs:eu-west-1:123456789012:task-definition/Shop_API:7',
  family: 'Shop_API',
  networkMode: 'awsvpc',
  containerDefinitions: [
    {
      name: 'app',
      image: '123456789012.dkr.ecr.eu-west-1.amazonaws.com/shop/api:v7',
      essential: true,
      entryPoint: ['/bin/sh', '-c'],
      command: ['echo $(date) && exec shop-api'],
      environment: [{ name: 'PRICE', value: '5 $' }],
      environmentFiles: [{ type: 's3', value: 'arn:aws:s3:::shop/app.env' }],
      secrets: [
        { name: 'DB_PASSWORD', valueFrom: `${secret}:password::` },
        { name: 'DB', valueFrom: secret },
        { name: 'CACHE', valueFrom: `${shared}:password:AWSPREVIOUS:` },
        { name: 'URL', valueFrom: '/shop/api/url' },
        { name: 'KEY', valueFrom: 'arn:aws:ssm:eu-west-1:210987654321:parameter/shared/key' },
      ],
    },
  ],
};

const expected = `# Not carried over: environmentFiles of container app.
# The Pod: carry metadata and env over to yours
apiVersion: v1
kind: Pod
metadata:
  name: shop-api
  namespace: shop
  annotations:
    piggysec.com/inject: "true"
    piggysec.com/aws-region: eu-west-1
spec:
  serviceAccountName: shop-api
  containers:
    - name: app
      image: 123456789012.dkr.ecr.eu-west-1.amazonaws.com/shop/api:v7
      command:
        - /bin/sh
        - -c
      args:
        - echo $$(date) && exec shop-api
      env:
        - name: PRICE
          value: 5 $
        - name: DB_PASSWORD
          value: "piggy:${secret}:password::"
        - name: DB
          value: piggy:${secret}
        - name: CACHE
          value: "piggy:${shared}:password:AWSPREVIOUS:"
        - name: URL
          value: piggy:parameter:/shop/api/url
        - name: KEY
          value: piggy:arn:aws:ssm:eu-west-1:210987654321:parameter/shared/key
---
# The statements of the AWS role that reads (docs/operations.md); add kms:Decrypt for secrets with a key of their own
Version: 2012-10-17
Statement:
  - Effect: Allow
    Action: secretsmanager:GetSecretValue
    Resource:
      - ${secret}
      - ${shared}
  - Effect: Allow
    Action: ssm:GetParameters
    Resource:
      - arn:aws:ssm:eu-west-1:123456789012:parameter/shop/api/url
      - arn:aws:ssm:eu-west-1:123456789012:parameter/shop/api/PIGGY_ALLOWED_SA
      - arn:aws:ssm:eu-west-1:210987654321:parameter/shared/key
      - arn:aws:ssm:eu-west-1:210987654321:parameter/shared/PIGGY_ALLOWED_SA
---
# The access rule (docs/access-rules.md)
rules:
  - name: Shop_API
    namespaces:
      - shop
    serviceAccounts:
      - shop-api
    secrets:
      - ${secret}
      - ${shared}
    parameterPaths:
      - /shop/api/url
      - arn:aws:ssm:eu-west-1:210987654321:parameter/shared/key
`;

const forms: Record<string, unknown> = {
  'as AWS answers it': { taskDefinition: task },
  'as AWS takes it': task,
};

for (const [name, written] of Object.entries(forms)) {
  test(`a task definition ${name} becomes a Pod, statements and a rule`, () => {
    assert.equal(describeEcsTask(parseEcsTask(JSON.stringify(written)), 'shop'), expected);
  });
}

test('the provider itself reads what is printed', () => {
  const printed = describeEcsTask(parseEcsTask(JSON.stringify(task)), 'shop');
  const [pod, , rules] = parseAllDocuments(printed).map((one) => one.toJS() as unknown);
  assert.equal(parseAccessRules(JSON.stringify(rules)).length, 1);
  const { spec } = pod as { spec: { containers: { env: { value: string }[] }[] } };
  const texts = spec.containers.flatMap(({ env }) => env.map(({ value }) => value));
  const references = texts.filter((text) => text.startsWith('piggy:'));
  assert.equal(references.length, 5);
  for (const text of references) assert.ok(parseReference(text.slice('piggy:'.length)).source);
});

const container = { name: 'app', image: 'app:v1', secrets: [{ name: 'A', valueFrom: secret }] };
const withContainer = (fields: object) =>
  JSON.stringify({ family: 'shop', containerDefinitions: [{ ...container, ...fields }] });

test('an ARN without the six characters of AWS, and a parameter of an unknown region, are allowed by patterns', () => {
  const secrets = [
    { name: 'A', valueFrom: 'arn:aws:secretsmanager:eu-west-1:123456789012:secret:shop/database' },
    { name: 'B', valueFrom: 'url' },
  ];
  const printed = describeEcsTask(parseEcsTask(withContainer({ secrets })), 'shop');
  assert.match(
    printed,
    /- arn:aws:secretsmanager:eu-west-1:123456789012:secret:shop\/database-\?{6}$/m,
  );
  assert.match(printed, /- arn:aws:ssm:\*:\*:parameter\/url$/m);
  assert.doesNotMatch(printed, /aws-region/);
});

const refused: Record<string, [text: string, message: RegExp]> = {
  'what is not JSON': ['family: shop', /^the task definition is not JSON$/],
  'what is something else': ['{"kind":"Pod"}', /no containerDefinitions/],
  'a task without secrets': [withContainer({ secrets: [] }), /no container .* has secrets/],
  'a secret without valueFrom': [
    withContainer({ secrets: [{ name: 'A' }] }),
    /A of container app has no valueFrom/,
  ],
  'a list that is none': [
    withContainer({ secrets: {} }),
    /secrets of container app must be a list/,
  ],
  'an ARN of something else': [
    withContainer({ secrets: [{ name: 'A', valueFrom: 'arn:aws:s3:::shop' }] }),
    /^A of container app: valueFrom "arn:aws:s3:::shop": /,
  ],
  'a value that would be a reference': [
    withContainer({ environment: [{ name: 'B', value: 'piggy:b' }] }),
    /^B of container app begins with "piggy:"/,
  ],
};

for (const [name, [text, message]] of Object.entries(refused)) {
  test(`refuses ${name}`, () => {
    assert.throws(() => parseEcsTask(text), { name: 'RangeError', message });
  });
}
