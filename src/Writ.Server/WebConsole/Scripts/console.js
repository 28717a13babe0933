// What every page of the console shares: its connection, clocks, copying, keys, colours and the palette.
import { startClocks } from "./parts/clocks.js";
import { startKeys } from "./parts/keys.js";
import { startCopying } from "./parts/copying.js";
import { startPalette } from "./parts/palette.js";
import { startThemes } from "./parts/themes.js";
import { startDialogs } from "./parts/dialogs.js";
import { startConnection } from "./parts/connection.js";

startThemes();
startClocks();
startCopying();
startKeys();
startPalette();
startDialogs();
startConnection();
