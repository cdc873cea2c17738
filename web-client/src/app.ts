// The browser's part of the Dashboard. Pages are whole without it; it adds live updates and a player that lasts.
import "./style/app.css";
import { followSession, followSessions } from "./live";
import { startPairing } from "./pairing";
import { startPlayers } from "./player";
import { startRows } from "./rows";
import { startCopyButtons } from "./share";
import { startTimezone } from "./timezone";
import { startThemeToggles } from "./theme-toggle";

startThemeToggles();
startPlayers(document);
startCopyButtons();
startRows();
followSessions();
followSession();
startPairing();
startTimezone();
