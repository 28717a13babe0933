/** The viewer's time zone, by its name in the IANA database. */
export const zone = () => Intl.DateTimeFormat().resolvedOptions().timeZone;
