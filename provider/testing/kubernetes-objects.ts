// The part of the stand-in for the Kubernetes API server that is written to: Secrets and ConfigMaps with resourceVersions.
// As the real one it answers 409 to a second creation and to a change of what was changed since it was read.

export type StoredObject = {
  readonly metadata: {
    readonly namespace: string;
    readonly name: string;
    readonly uid?: string;
    readonly resourceVersion?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly type?: string;
  readonly data?: Readonly<Record<string, string>>;
};

export type WriteRequest = {
  readonly method: string;
  readonly path: string;
  readonly body: unknown;
};

type WriteAnswer =
  | { readonly status: 200 | 201; readonly object: StoredObject }
  | { readonly status: 400 | 404 | 409 | 422; readonly message: string };

export type ObjectStore = {
  /** By the path of the object. */
  readonly get: (path: string) => StoredObject | undefined;
  readonly put: (path: string, object: StoredObject) => void;
  readonly delete: (path: string) => void;
  readonly write: (request: WriteRequest) => WriteAnswer;
};

const COLLECTION = /^\/api\/v1\/namespaces\/([^/]+)\/(?:secrets|configmaps)$/;
const OBJECT = /^\/api\/v1\/namespaces\/([^/]+)\/(?:secrets|configmaps)\/([^/]+)$/;

export function isWrite(method: string | undefined, path: string): boolean {
  return (method === 'POST' && COLLECTION.test(path)) || (method === 'PUT' && OBJECT.test(path));
}

export function createObjectStore(): ObjectStore {
  const objects = new Map<string, StoredObject>();
  let version = 0;

  function put(path: string, object: StoredObject): StoredObject {
    version += 1;
    const metadata = { ...object.metadata, resourceVersion: String(version) };
    const stored = { ...object, metadata };
    objects.set(path, stored);
    return stored;
  }

  function create(collection: string, object: StoredObject): WriteAnswer {
    const path = `${collection}/${object.metadata.name}`;
    if (object.metadata.resourceVersion !== undefined) {
      return { status: 400, message: 'resourceVersion should not be set on objects to be created' };
    }
    if (objects.has(path)) return { status: 409, message: `${path} already exists` };
    const namespace = COLLECTION.exec(collection)?.[1] ?? '';
    const uid = `uid-${version}`;
    return { status: 201, object: put(path, withMetadata(object, { namespace, uid })) };
  }

  function update(path: string, object: StoredObject): WriteAnswer {
    const present = objects.get(path);
    if (present === undefined) return { status: 404, message: `${path} not found` };
    if (object.metadata.resourceVersion !== present.metadata.resourceVersion) {
      return { status: 409, message: 'the object has been modified; apply your changes to it' };
    }
    if (object.type !== present.type) return { status: 422, message: 'type: field is immutable' };
    return { status: 200, object: put(path, object) };
  }

  return {
    get: (path) => objects.get(path),
    put,
    delete: (path) => objects.delete(path),
    write: ({ method, path, body }) => {
      const object = body as StoredObject;
      return method === 'POST' ? create(path, object) : update(path, object);
    },
  };
}

function withMetadata(object: StoredObject, metadata: Partial<StoredObject['metadata']>) {
  return { ...object, metadata: { ...object.metadata, ...metadata } };
}
