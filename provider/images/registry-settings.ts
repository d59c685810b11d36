// What an operator decides about registries; parsed and checked by config.

export type RegistrySettings = {
  /** Host globs, label by label as in pull secrets (`*.dkr.ecr.*.amazonaws.com`); empty = every registry. */
  readonly allowList: readonly string[];
  /** `from` and `to` are `registry` or `registry/path`; the longest `from` wins. Pods are not changed. */
  readonly mirrors: readonly Mirror[];
  /** `host[:port]` as in the reference after mirroring. */
  readonly plainHttpHosts: readonly string[];
  /** `host[:port]` for which a Pod's annotation may switch certificate verification off. */
  readonly skipVerifyHosts: readonly string[];
  /** `host[:port]` that may resolve to a loopback address. */
  readonly loopbackHosts: readonly string[];
  /** Host globs that registries in public may send on to although their addresses are private. */
  readonly privateHosts: readonly string[];
  /** `host[:port]` → PEM, which takes the place of the public authorities for that host. */
  readonly certificateAuthorities: ReadonlyMap<string, string>;
  /** An HTTP proxy that makes the connections (CONNECT); `http://[user:password@]host:port` or https. */
  readonly proxy: string | undefined;
  /** What is asked without it: see proxy.ts. */
  readonly noProxy: readonly string[];
  readonly requestTimeoutMs: number;
  /** For one image in all: credentials, redirects, platforms and retries included. */
  readonly lookupTimeoutMs: number;
  /** How long a tag is taken to mean the same digest; 0 = ask the registry every time. */
  readonly tagCacheMs: number;
};

export type Mirror = { readonly from: string; readonly to: string };

/** Namespaces whose pull secrets may be read, or be named by authors of others. */
export type PullSecretNamespaces = 'none' | 'all' | readonly string[];
