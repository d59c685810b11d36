// The settings that the policies read from the same ConfigMap: defaults of annotations (docs/annotations.md), and where
// things are. The provider checks them, so that a mistake shows when it starts and not at somebody's Pod.

import {
  isParameterPath,
  isRegion,
  isSecretId,
  isSecretNamePart,
  isVersion,
} from '../aws-names.ts';
import { optionalSetting, setting } from './setting.ts';
import {
  accepted,
  boolean,
  duration,
  integer,
  listOf,
  matching,
  oneOf,
  quantity,
  url,
} from './value-kinds.ts';

const image = matching('image reference', /^[\w.:/@[\]-]{1,512}$/);
const secretId = accepted('secret name or ARN', isSecretId);
const secretIdPart = accepted('part of a secret name', isSecretNamePart);
const region = accepted('AWS region', isRegion);
const objectName = matching('name of a Kubernetes object', /^[a-z\d](?:[a-z\d.-]{0,251}[a-z\d])?$/);
const variableNames = matching(
  'name of a variable, or the beginning of one and a `*`',
  /^[-._A-Za-z][-._A-Za-z0-9]*\*?$/,
);

/** Read by the policies and acted on by the provider as well. */
export const sharedSettings = {
  AWS_REGION: optionalSetting(
    region,
    'Default of `aws-region`, and the region of the provider itself.',
  ),
  PIGGY_ENFORCE_INTEGRITY: setting(boolean, 'true', 'Default of `piggy-enforce-integrity`.'),
  PIGGY_ENFORCE_SERVICE_ACCOUNT: setting(
    boolean,
    'false',
    'Default of `piggy-enforce-service-account`.',
  ),
} as const;

export const policySettings = {
  PIGGY_ADDRESS: optionalSetting(
    url('https'),
    'Default of `piggy-address`: where launchers find the provider.',
  ),
  PIGGY_LOOKUP_ADDRESS: optionalSetting(url('http', 'https'), 'Where Kyverno finds the provider.'),
  PIGGY_ENV_IMAGE: optionalSetting(image, 'Default of `piggy-env-image`: the launcher image.'),
  PIGGY_ENV_DELIVERY: setting(
    oneOf('init-container', 'image-volume'),
    'init-container',
    'How the launcher gets into a Pod: copied by an init container, or its image as a read-only volume (Kubernetes 1.35).',
  ),
  PIGGY_ENV_IMAGE_PULL_POLICY: optionalSetting(
    oneOf('Always', 'IfNotPresent', 'Never'),
    'Default of `piggy-env-image-pull-policy`; unset: as Kubernetes chooses.',
  ),
  PIGGY_ENV_RESOURCE_CPU_REQUEST: optionalSetting(
    quantity,
    "Default of `piggy-env-resource-cpu-request`; unset, with its limit: as the Pod's first container.",
  ),
  PIGGY_ENV_RESOURCE_CPU_LIMIT: optionalSetting(
    quantity,
    'Default of `piggy-env-resource-cpu-limit`; the same.',
  ),
  PIGGY_ENV_RESOURCE_MEMORY_REQUEST: optionalSetting(
    quantity,
    'Default of `piggy-env-resource-memory-request`; the same.',
  ),
  PIGGY_ENV_RESOURCE_MEMORY_LIMIT: optionalSetting(
    quantity,
    'Default of `piggy-env-resource-memory-limit`; the same.',
  ),
  PIGGY_ENV_RESOURCE_EPHEMERAL_STORAGE_REQUEST: optionalSetting(
    quantity,
    'Default of `piggy-env-resource-ephemeral-storage-request`; the same.',
  ),
  PIGGY_ENV_RESOURCE_EPHEMERAL_STORAGE_LIMIT: optionalSetting(
    quantity,
    'Default of `piggy-env-resource-ephemeral-storage-limit`; the same.',
  ),
  PIGGY_PSP_ALLOW_PRIVILEGE_ESCALATION: setting(
    boolean,
    'false',
    'Default of `piggy-psp-allow-privilege-escalation`.',
  ),
  AWS_SECRET_NAME: optionalSetting(
    secretId,
    'Default of `aws-secret-name`, instead of the one made of namespace and service account.',
  ),
  AWS_SECRET_VERSION: optionalSetting(
    accepted('version id or staging label', isVersion),
    'Default of `aws-secret-version`.',
  ),
  AWS_SSM_PARAMETER_PATH: optionalSetting(
    accepted('parameter path that begins with a slash', isParameterPath),
    'Default of `aws-ssm-parameter-path`.',
  ),
  PIGGY_DEFAULT_SECRET_NAME_PREFIX: optionalSetting(
    secretIdPart,
    'Default of `piggy-default-secret-name-prefix`.',
  ),
  PIGGY_DEFAULT_SECRET_NAME_SUFFIX: optionalSetting(
    secretIdPart,
    'Default of `piggy-default-secret-name-suffix`.',
  ),
  PIGGY_STANDALONE: setting(boolean, 'false', 'Default of `standalone`.'),
  PIGGY_DEBUG: setting(boolean, 'false', 'Default of `debug`.'),
  PIGGY_IGNORE_NO_ENV: setting(boolean, 'false', 'Default of `piggy-ignore-no-env`.'),
  PIGGY_ENV_FROM_MAY_SET: optionalSetting(
    listOf(variableNames),
    'Names that keys of a secret may set through `env-from` although they are [refused](references.md#names-that-are-refused), such as `JAVA_OPTS` or `GIT_CONFIG*`.',
  ),
  PIGGY_INITIAL_DELAY: setting(
    duration({ min: '0s', max: '1h' }),
    '0s',
    'Default of `piggy-initial-delay`.',
  ),
  PIGGY_NUMBER_OF_RETRY: optionalSetting(
    integer({ min: 0, max: 1_000 }),
    'Default of `piggy-number-of-retry`; unset: as many as fit into 60 s.',
  ),
  PIGGY_DNS_RESOLVER: optionalSetting(
    oneOf('tcp', 'tcp4', 'tcp6', 'udp', 'udp4', 'udp6'),
    'Default of `piggy-dns-resolver`.',
  ),
  PIGGY_SKIP_VERIFY_TLS: setting(boolean, 'false', 'Default of `piggy-skip-verify-tls`.'),
  PIGGY_IMAGE_PULL_SECRET: optionalSetting(objectName, 'Default of `image-pull-secret`.'),
  PIGGY_IMAGE_PULL_SECRET_NAMESPACE: optionalSetting(
    objectName,
    'Default of `image-pull-secret-namespace`.',
  ),
  PIGGY_IMAGE_SKIP_VERIFY_REGISTRY: setting(
    boolean,
    'false',
    'Default of `image-skip-verify-registry`.',
  ),
} as const;
