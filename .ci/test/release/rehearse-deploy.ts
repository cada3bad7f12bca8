import { deploy } from '@edge-ping/serve-testing/deploy';
import { service } from '../../../test/service.ts';

// A deployment whose URLs of Cloudflare's are reached where the test says.
const locate = async (url: string) => {
  const response = await fetch(`${process.env.LOCATE_AT}?${new URLSearchParams({ url })}`);
  return response.text();
};

process.exitCode = await deploy(service, { locate });
