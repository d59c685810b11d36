// Sends one HTTP request to an address that lookups may reach, and returns an answer no larger than allowed.

import { lookup as resolve } from 'node:dns';
import type { LookupFunction } from 'node:net';
import { Agent, Pool, ProxyAgent, request as sendHttp, type Dispatcher } from 'undici';
import { withTimeLimit } from '../concurrency/time-limit.ts';
import { ProviderError } from '../errors.ts';
import { decideAddress, literalAddress } from './addresses.ts';
import { createProxyDecision, type DecideProxied } from './proxy.ts';
import type { RegistrySettings } from './registry-settings.ts';

export type OutboundRequest = {
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  /** GET, unless said otherwise. */
  readonly method?: 'GET' | 'HEAD';
  /** Sent by POST. */
  readonly form?: URLSearchParams;
  readonly maxBytes: number;
  /** Honoured only for hosts that the settings list. */
  readonly skipVerify: boolean;
};

export type OutboundAnswer = {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** Empty where an error's body was too large. */
  readonly body: Uint8Array;
};

/** Redirects are not followed. Throws `registry_unavailable`, `registry_not_allowed` or `image_unreadable`. */
export type SendOutbound = (
  request: OutboundRequest,
  signal: AbortSignal,
) => Promise<OutboundAnswer>;

export type OutboundClient = { readonly send: SendOutbound; readonly close: () => Promise<void> };

type Trust = {
  readonly ca: string | undefined;
  readonly skipVerify: boolean;
  readonly loopbackAllowed: boolean;
  /** Of the proxy that makes the connection. */
  readonly proxy: string | undefined;
};

const MAX_ERROR_BYTES = 65_536;

export function createOutboundClient(settings: RegistrySettings): OutboundClient {
  // One agent for all hosts without settings of their own, and one for each that the operator configured.
  const agents = new Map<string, Dispatcher>();
  const decideProxied = createProxyDecision(settings.noProxy);
  const agentFor = (trust: Trust): Dispatcher => {
    const key = JSON.stringify(trust);
    const agent = agents.get(key) ?? createDispatcher(trust, settings.requestTimeoutMs);
    agents.set(key, agent);
    return agent;
  };
  return {
    send: async (request, signal) => {
      const trust = selectTrust(request, settings, decideProxied);
      checkHost(request.url, trust);
      const { requestTimeoutMs: timeoutMs } = settings;
      try {
        return await withTimeLimit({ timeoutMs, signal }, (patience) =>
          exchange(request, agentFor(trust), patience),
        );
      } catch (cause) {
        if (cause instanceof ProviderError) throw cause;
        throw noAnswer(trust, timeoutMs, cause);
      }
    },
    close: async () => {
      await Promise.all([...agents.values()].map((agent) => agent.destroy()));
    },
  };
}

function selectTrust(
  { url, skipVerify }: OutboundRequest,
  settings: RegistrySettings,
  decideProxied: DecideProxied,
): Trust {
  // A URL drops the port that goes without saying; the operator may have written it.
  const defaultPort = url.protocol === 'https:' ? '443' : '80';
  const names = [url.host, `${url.hostname}:${defaultPort}`].slice(0, url.port === '' ? 2 : 1);
  const { certificateAuthorities, skipVerifyHosts, loopbackHosts } = settings;
  const loopbackAllowed = names.some((name) => loopbackHosts.includes(name));
  return {
    ca: names.map((name) => certificateAuthorities.get(name)).find((pem) => pem !== undefined),
    skipVerify: skipVerify && names.some((name) => skipVerifyHosts.includes(name)),
    loopbackAllowed,
    // The loopback that is meant is this one, not the proxy's.
    proxy: !loopbackAllowed && decideProxied(url) ? settings.proxy : undefined,
  };
}

/**
 * Names are checked when they are resolved; a literal is connected to without that. A proxy resolves names itself, and
 * is trusted to know which addresses are not for others: only what means its own host is refused here.
 */
function checkHost(url: URL, trust: Trust): void {
  const literal = literalAddress(url);
  const isLocal = trust.proxy !== undefined && /(?:^|\.)localhost\.?$/.test(url.hostname);
  if (isLocal) throw refusedAddress();
  if (literal !== undefined && !decideAddress(literal, trust).allowed) throw refusedAddress();
}

function createDispatcher(trust: Trust, timeoutMs: number): Dispatcher {
  if (trust.proxy === undefined) return createAgent(trust, timeoutMs);
  return new ProxyAgent({
    uri: trust.proxy,
    connections: 16,
    connectTimeout: timeoutMs,
    // A proxy that does not answer CONNECT must not keep the connection to it.
    clientFactory: (origin, options) => new Pool(origin, { ...options, headersTimeout: timeoutMs }),
    requestTls: {
      rejectUnauthorized: !trust.skipVerify,
      ...(trust.ca === undefined ? {} : { ca: trust.ca }),
    },
  });
}

function createAgent(trust: Trust, timeoutMs: number): Agent {
  return new Agent({
    connections: 16,
    connect: {
      timeout: timeoutMs,
      lookup: createLookup(trust),
      rejectUnauthorized: !trust.skipVerify,
      ...(trust.ca === undefined ? {} : { ca: trust.ca }),
    },
  });
}

/** Checks the very addresses that are then connected to, so that a name cannot change its mind in between. */
function createLookup(trust: Trust): LookupFunction {
  return (hostname, options, callback) => {
    resolve(hostname, { ...options, all: true }, (error, addresses) => {
      const allowed = error
        ? []
        : addresses.filter(({ address }) => decideAddress(address, trust).allowed);
      const [first] = allowed;
      if (error) callback(error, '');
      else if (!first) callback(refusedAddress(), '');
      else if (options.all) callback(null, allowed);
      else callback(null, first.address, first.family);
    });
  };
}

async function exchange(
  { url, headers, method = 'GET', form, maxBytes }: OutboundRequest,
  dispatcher: Dispatcher,
  signal: AbortSignal,
): Promise<OutboundAnswer> {
  const type = form ? { 'content-type': 'application/x-www-form-urlencoded' } : {};
  const answer = await sendHttp(url, {
    dispatcher,
    signal,
    method: form ? 'POST' : method,
    // What is digested must come as it is stored, and a compressed body could unfold without limit.
    headers: { 'user-agent': 'piggy', 'accept-encoding': 'identity', ...type, ...headers },
    ...(form ? { body: form.toString() } : {}),
  });
  const isError = answer.statusCode >= 300;
  const body = await readBody(answer.body, isError ? MAX_ERROR_BYTES : maxBytes);
  if (!body && !isError) throw tooLarge(maxBytes);
  return { status: answer.statusCode, headers: answer.headers, body: body ?? new Uint8Array() };
}

/** undefined when there is more; the connection is then closed. */
async function readBody(
  stream: AsyncIterable<Uint8Array>,
  maxBytes: number,
): Promise<Uint8Array | undefined> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of stream) {
    size += chunk.length;
    if (size > maxBytes) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function refusedAddress(): ProviderError {
  return new ProviderError(
    'registry_not_allowed',
    'it is, or sends on to, a loopback, link-local or metadata address, where lookups do not go; ' +
      'use another registry, have a loopback one listed in PIGGY_REGISTRY_LOOPBACK_HOSTS, or set command',
  );
}

/** One sentence for everything that ends without an answer: a finer one would make the provider a port scanner. */
function noAnswer({ proxy }: Trust, timeoutMs: number, cause: unknown): ProviderError {
  return new ProviderError(
    'registry_unavailable',
    `no connection, no trusted certificate or no answer within ${timeoutMs / 1000} s; ` +
      `check the registry's name, ${proxy === undefined ? '' : 'HTTPS_PROXY, '}network policies and ` +
      'PIGGY_REGISTRY_CA_DIRECTORY, or set command',
    { cause },
  );
}

function tooLarge(maxBytes: number): ProviderError {
  return new ProviderError(
    'image_unreadable',
    `answered more than the ${maxBytes} bytes that are read; check the image, or set command`,
  );
}
