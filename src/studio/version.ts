import manifest from '../../package.json' with { type: 'json' }

export const espalierVersion: string = manifest.version
