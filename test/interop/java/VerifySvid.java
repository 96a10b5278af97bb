import com.nimbusds.jose.util.JSONObjectUtils;
import io.spiffe.bundle.jwtbundle.JwtBundle;
import io.spiffe.bundle.x509bundle.X509Bundle;
import io.spiffe.spiffeid.TrustDomain;
import io.spiffe.svid.jwtsvid.JwtSvid;
import io.spiffe.svid.x509svid.X509Svid;
import io.spiffe.svid.x509svid.X509SvidValidator;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * A relying party on java-spiffe-core. It reads one JSON request a line on standard input and answers each with one
 * JSON verdict a line.
 */
public final class VerifySvid {
  public static void main(String[] args) throws Exception {
    var in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    for (String line = in.readLine(); line != null; line = in.readLine()) {
      Map<String, Object> verdict;
      try {
        verdict = judge(JSONObjectUtils.parse(line));
      } catch (Exception | AssertionError error) {
        verdict = new LinkedHashMap<>();
        verdict.put("ok", false);
        verdict.put("error", String.valueOf(error));
      }
      System.out.println(JSONObjectUtils.toJSONString(verdict));
    }
  }

  private static Map<String, Object> judge(Map<String, Object> request) throws Exception {
    var trustDomain = TrustDomain.parse(JSONObjectUtils.getString(request, "trust_domain"));
    var document = JSONObjectUtils.getJSONObject(request, "bundle");
    var x509 = x509Bundle(trustDomain, document);
    var jwt = jwtBundle(trustDomain, document);
    Map<String, Object> verdict = new LinkedHashMap<>();
    verdict.put("ok", true);
    switch (JSONObjectUtils.getString(request, "op")) {
      case "bundle" -> {
        verdict.put("x509_authorities", x509.getX509Authorities().size());
        verdict.put("jwt_authorities", jwt.getJwtAuthorities().size());
      }
      case "x509" -> {
        var svid = X509Svid.parse(bytes(request, "chain"), bytes(request, "key"));
        X509SvidValidator.verifyChain(svid.getChain(), x509);
        verdict.put("spiffe_id", svid.getSpiffeId().toString());
      }
      case "jwt" -> {
        var audience = Set.of(JSONObjectUtils.getString(request, "audience"));
        var svid = JwtSvid.parseAndValidate(JSONObjectUtils.getString(request, "token"), jwt, audience);
        verdict.put("spiffe_id", svid.getSpiffeId().toString());
      }
      default -> throw new IllegalArgumentException("no such operation");
    }
    return verdict;
  }

  private static X509Bundle x509Bundle(TrustDomain trustDomain, Map<String, Object> document) throws Exception {
    var pem = new StringBuilder();
    for (var key : keys(document, "x509-svid"))
      pem.append("-----BEGIN CERTIFICATE-----\n")
          .append(JSONObjectUtils.getStringList(key, "x5c").get(0))
          .append("\n-----END CERTIFICATE-----\n");
    if (pem.length() == 0) return new X509Bundle(trustDomain);
    return X509Bundle.parse(trustDomain, pem.toString().getBytes(StandardCharsets.US_ASCII));
  }

  private static JwtBundle jwtBundle(TrustDomain trustDomain, Map<String, Object> document) throws Exception {
    Map<String, Object> set = Map.of("keys", keys(document, "jwt-svid"));
    return JwtBundle.parse(trustDomain, JSONObjectUtils.toJSONString(set).getBytes(StandardCharsets.UTF_8));
  }

  private static List<Map<String, Object>> keys(Map<String, Object> document, String use) throws Exception {
    var found = new ArrayList<Map<String, Object>>();
    for (var key : JSONObjectUtils.getJSONObjectArray(document, "keys"))
      if (use.equals(key.get("use"))) found.add(key);
    return found;
  }

  private static byte[] bytes(Map<String, Object> request, String name) throws Exception {
    return JSONObjectUtils.getString(request, name).getBytes(StandardCharsets.US_ASCII);
  }
}
