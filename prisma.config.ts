import { defineConfig } from 'prisma/config'

// Only `prisma generate` reads this: migrations run through src/store/migrate.ts, without a download.
export default defineConfig({
  schema: 'prisma/schema.prisma',
  migrations: { path: 'prisma/migrations' },
  datasource: { url: 'postgresql://unused' },
})
