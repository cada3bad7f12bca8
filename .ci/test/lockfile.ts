import lockfile from '../../package-lock.json' with { type: 'json' };

export interface Package {
  version?: string;
  dev?: boolean;
  optional?: boolean;
  devOptional?: boolean;
  resolved?: string;
  link?: boolean;
  dependencies?: Record<string, string>;
  peerDependencies?: Record<string, string>;
  peerDependenciesMeta?: Record<string, { optional?: boolean }>;
}

/** The packages of the lockfile, by their paths. */
export const packages = new Map<string, Package>(
  Object.entries(lockfile.packages).filter(([path]) => path !== ''),
);

/** The paths of what ships to production: `npm ci --omit=dev --omit=optional` installs it. */
export const shipped = [...packages]
  .filter(([, { dev, optional, devOptional }]) => !dev && !optional && !devOptional)
  .map(([path]) => path);
