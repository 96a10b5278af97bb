import { webCryptoPlatform } from "../../../src/platform/webcrypto.ts";
import { platformConformance } from "../../conformance/platform.ts";

platformConformance("WebCrypto", webCryptoPlatform);
