import { answerCalls } from "../thread.ts";
import { createWriteConnection } from "./embedded-connection.ts";

/* The thread of the write connection: an fsync of a slow SD card keeps nobody waiting but this thread. */

answerCalls(createWriteConnection());
