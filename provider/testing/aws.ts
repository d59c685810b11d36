// A stand-in for AWS (Secrets Manager and Systems Manager, AWS JSON 1.1 on HTTP; STS): for the demo, and for what moto cannot
// do, to be slow, to throttle and to fail. https://smithy.io/2.0/aws/protocols/aws-json-1_1-protocol.html

import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { getParameters, getParametersByPath, type AwsParameter } from './aws-parameters.ts';
import {
  assumeRole,
  assumeRoleWithWebIdentity,
  createSession,
  parseQuery,
  refuseSession,
  renderCallerIdentity,
  renderContainerCredentials,
  type AwsRole,
  type AwsSession,
  type PodIdentityAgent,
  type SessionAnswer,
} from './aws-sessions.ts';

export type SecretVersion = {
  readonly id?: string;
  readonly stages?: readonly string[];
  readonly content: string | Uint8Array;
};

export type AwsRequest = {
  /** Such as "secretsmanager.GetSecretValue", or "sts.AssumeRole". */
  readonly target: string;
  readonly region: string;
  /** The name of the role session that asks; its own credentials otherwise. */
  readonly session?: string;
  readonly input: Readonly<Record<string, unknown>>;
};

export type AwsFailure = {
  readonly status: number;
  /** The name of the error, such as "ThrottlingException". */
  readonly type: string;
  readonly message?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Only this fails, such as "sts.AssumeRole". */
  readonly target?: string;
};

export type Aws = {
  /** What leads a provider to it, with credentials that it takes. */
  readonly env: Readonly<Record<string, string>>;
  /** For AWS_ENDPOINT_URL. */
  readonly url: string;
  /** A text or bytes is the one version, AWSCURRENT. */
  readonly putSecret: (
    name: string,
    content: string | Uint8Array | readonly SecretVersion[],
  ) => void;
  /** A further one of a name is its next version. */
  readonly putParameter: (parameter: AwsParameter) => void;
  /** That trusts whoever has the external id. */
  readonly putRole: (role: AwsRole) => void;
  /** Whose address is `url` with any path. */
  readonly putPodIdentityAgent: (agent: PodIdentityAgent) => void;
  /** Answers every request so; `undefined` ends that. */
  readonly failWith: (failure: AwsFailure | undefined) => void;
  /** Waits so long before each answer; Infinity never answers. */
  readonly delay: (delayMs: number) => void;
  /** Answers nothing until what it returns is called. */
  readonly hold: () => () => void;
  readonly requests: AwsRequest[];
  /** That were given out, the newest last. */
  readonly sessions: () => readonly AwsSession[];
  readonly countConnections: () => number;
  readonly stop: () => Promise<void>;
};

type Answer = {
  readonly status: number;
  /** Of AWS JSON, or XML text. */
  readonly body: object | string;
  readonly headers?: Readonly<Record<string, string>>;
};

const ACCOUNT = '123456789012';

export async function startAws(): Promise<Aws> {
  const secrets = new Map<string, readonly SecretVersion[]>();
  const parameters: AwsParameter[] = [];
  const roles = new Map<string, AwsRole>();
  const sessions = new Map<string, AwsSession>();
  const requests: AwsRequest[] = [];
  let agent: PodIdentityAgent | undefined;
  let connections = 0;
  let failure: AwsFailure | undefined;
  let delayMs = 0;
  let held = Promise.resolve<unknown>(undefined);

  const server = createServer((request, response) => {
    void answer(request, response);
  });
  server.on('connection', () => (connections += 1));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const asked =
      request.method === 'GET' ? askAgent(request) : await parseRequest(request, sessions);
    if ('target' in asked) requests.push(asked);
    if (delayMs === Infinity) return;
    await held;
    if (delayMs > 0) await new Promise((resolve) => setTimeout(resolve, delayMs));
    const { status, body, headers } = 'target' in asked ? decide(asked) : asked;
    const isXml = typeof body === 'string';
    const type = isXml ? 'text/xml' : 'application/x-amz-json-1.1';
    response.writeHead(status, { 'content-type': type, ...headers });
    response.end(isXml ? body : JSON.stringify(body));
  }

  function decide(asked: AwsRequest): Answer {
    const { target } = asked;
    if (failure !== undefined && isMeant(failure, target)) {
      return target.startsWith('sts.') ? failedInXml(failure) : failed(failure);
    }
    switch (target) {
      case 'sts.AssumeRole':
        return giveSession(assumeRole(roles.get(String(asked.input['RoleArn'])), asked.input));
      case 'sts.AssumeRoleWithWebIdentity':
        return giveSession(
          assumeRoleWithWebIdentity(roles.get(String(asked.input['RoleArn'])), asked.input),
        );
      case 'sts.GetCallerIdentity':
        return { status: 200, body: renderCallerIdentity(`arn:aws:iam::${ACCOUNT}:user/piggy`) };
      case 'secretsmanager.GetSecretValue':
        return getSecretValue(secrets, asked);
      case 'AmazonSSM.GetParametersByPath':
        return succeeded(getParametersByPath(parameters, asked));
      case 'AmazonSSM.GetParameters':
        return answerIfTaken(getParameters(parameters, asked));
      default:
        return failed({ status: 400, type: 'UnknownOperationException' });
    }
  }

  function giveSession({ status, xml, session }: SessionAnswer): Answer {
    if (session !== undefined) sessions.set(session.token, session);
    return { status, body: xml };
  }

  function askAgent({ headers }: IncomingMessage): Answer {
    if (agent === undefined || headers.authorization !== agent.token) return UNSIGNED;
    const session = createSession(`pod-identity-${sessions.size}`, agent.lastsSeconds);
    sessions.set(session.token, session);
    return { status: 200, body: renderContainerCredentials(session) };
  }

  const url = `http://127.0.0.1:${port}`;
  return {
    url,
    env: {
      AWS_REGION: 'eu-central-1',
      AWS_ENDPOINT_URL: url,
      AWS_ACCESS_KEY_ID: 'test',
      AWS_SECRET_ACCESS_KEY: 'test',
    },
    putSecret: (name, content) => {
      const isOne = typeof content === 'string' || content instanceof Uint8Array;
      secrets.set(name, isOne ? [{ content }] : content);
    },
    putParameter: (parameter) => parameters.push(parameter),
    putRole: (role) => roles.set(role.arn, role),
    putPodIdentityAgent: (told) => (agent = told),
    sessions: () => [...sessions.values()],
    failWith: (told) => (failure = told),
    delay: (told) => (delayMs = told),
    hold: () => {
      const { promise, resolve } = Promise.withResolvers<unknown>();
      held = promise;
      return () => {
        resolve(undefined);
      };
    },
    requests,
    countConnections: () => connections,
    stop: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

const SIGNED = /^AWS4-HMAC-SHA256 Credential=[^/]+\/\d{8}\/(?<region>[^/]+)\/[^/]+\/aws4_request,/;
/** Whom only its token identifies. */
const UNSIGNED_ACTION = 'AssumeRoleWithWebIdentity';
const UNSIGNED = failed({ status: 400, type: 'MissingAuthenticationTokenException' });

/** `undefined` where the request is not signed. */
const EXPIRED = failed({ status: 400, type: 'ExpiredTokenException' });

async function parseRequest(
  request: IncomingMessage,
  sessions: ReadonlyMap<string, AwsSession>,
): Promise<AwsRequest | Answer> {
  const body = await text(request);
  const {
    authorization = '',
    'x-amz-target': target,
    'x-amz-security-token': token,
  } = request.headers;
  const region = SIGNED.exec(authorization)?.groups?.['region'];
  if (region === undefined) return parseUnsigned(parseQuery(body));
  const session = sessions.get(String(token));
  if (token !== undefined && !(session && Date.now() < session.expiresMs)) return EXPIRED;
  const who = session === undefined ? {} : { session: session.name };
  if (target === undefined) {
    const input = parseQuery(body);
    return { target: `sts.${input['Action']}`, region, input, ...who };
  }
  const input = JSON.parse(body) as AwsRequest['input'];
  return { target: String(target), region, input, ...who };
}

function parseUnsigned(input: Readonly<Record<string, string>>): AwsRequest | Answer {
  if (input['Action'] !== UNSIGNED_ACTION) return UNSIGNED;
  return { target: `sts.${UNSIGNED_ACTION}`, region: 'none', input };
}

function isMeant(failure: AwsFailure, target: string): boolean {
  return (failure.target ?? target) === target;
}

function failedInXml({ status, type, message = 'told to fail', headers = {} }: AwsFailure): Answer {
  return { status, body: refuseSession(status, type, message).xml, headers };
}

type Secrets = ReadonlyMap<string, readonly SecretVersion[]>;

function getSecretValue(secrets: Secrets, { region, input }: AwsRequest): Answer {
  const { SecretId, VersionId, VersionStage = 'AWSCURRENT' } = input;
  if (!isTaken(input)) return failed({ status: 400, type: 'ValidationException' });
  const name = String(SecretId).replace(/^arn:aws:secretsmanager:[^:]+:\d+:secret:/, '');
  const found = secrets
    .get(name)
    ?.find(({ id, stages = ['AWSCURRENT'] }) =>
      VersionId === undefined ? stages.includes(String(VersionStage)) : id === VersionId,
    );
  if (found === undefined) {
    const message = "Secrets Manager can't find the specified secret.";
    return failed({ status: 400, type: 'ResourceNotFoundException', message });
  }
  const { id = randomUUID(), stages = ['AWSCURRENT'], content } = found;
  return succeeded({
    ARN: `arn:aws:secretsmanager:${region}:${ACCOUNT}:secret:${name}`,
    Name: name,
    VersionId: id,
    VersionStages: stages,
    ...(typeof content === 'string'
      ? { SecretString: content }
      : { SecretBinary: Buffer.from(content).toString('base64') }),
  });
}

/** https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetSecretValue.html#API_GetSecretValue_RequestParameters */
function isTaken(input: AwsRequest['input']): boolean {
  const { SecretId, VersionId = '-'.repeat(32), VersionStage = 'AWSCURRENT' } = input;
  return (
    /^.{1,2048}$/su.test(String(SecretId)) &&
    /^.{32,64}$/su.test(String(VersionId)) &&
    /^.{1,256}$/su.test(String(VersionStage))
  );
}

function answerIfTaken(body: object | undefined): Answer {
  return body === undefined
    ? failed({ status: 400, type: 'ValidationException' })
    : succeeded(body);
}

function succeeded(body: object): Answer {
  return { status: 200, body };
}

function failed({ status, type, message = 'told to fail', headers = {} }: AwsFailure): Answer {
  return { status, body: { __type: type, message }, headers };
}
