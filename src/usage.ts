/** The program's own commands, for people. */
export const USAGE = `  perch start                                  run Perch (settings: see the table in README.md)
  perch migrate                                bring the database's schema up to date
  perch rotate-secrets                         seal everything anew with the current secret
  perch token --role admin|agent [--user ID] [--hours N]
                                               print an access token`
