// Asks AWS who the provider is to it.
// https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html

import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { callAws } from '../secrets/aws-failure.ts';
import { describeClient, type AwsClientOptions } from '../secrets/secrets-manager-client.ts';

/** The ARN of the identity. Needs no permission of IAM. Throws what callAws throws. */
export async function readCallerIdentity(
  options: AwsClientOptions,
  region: string,
  signal: AbortSignal,
): Promise<string> {
  const client = new STSClient(describeClient(options, region));
  const call = {
    action: 'sts:GetCallerIdentity',
    resource: 'the identity of the provider',
    region,
  };
  try {
    return await callAws({ call, signal, observe: undefined }, async () => {
      const answer = await client.send(new GetCallerIdentityCommand({}), { abortSignal: signal });
      return answer.Arn ?? 'an identity without an ARN';
    });
  } finally {
    client.destroy();
  }
}
