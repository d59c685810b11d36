// Lets @peculiar/x509 load: tsyringe, on which it builds, refuses to start without these three functions. Nothing
// here has decorator metadata (type stripping emits none), so all of them truthfully find none.

const reflect: Partial<Record<'getMetadata' | 'getOwnMetadata' | 'defineMetadata', unknown>> =
  Reflect as object;

// A real polyfill, wherever one is loaded, stays.
reflect.getMetadata ??= () => undefined;
reflect.getOwnMetadata ??= () => undefined;
reflect.defineMetadata ??= () => undefined;
