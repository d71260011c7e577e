package dev.qanat.route;

import dev.qanat.web.Reply;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Named;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.regex.Pattern;
import org.apache.camel.Exchange;
import org.apache.camel.Header;
import org.jspecify.annotations.Nullable;

/** Recorded replies of the APIs that the pipelines which come along poll. */
@ApplicationScoped
@Named("demoReplies")
public class DemoReplies {

    private static final Pattern NAME = Pattern.compile("[A-Z0-9_.]{1,40}");
    private static final String UNKNOWN =
            "{\"Error Message\":\"Invalid API call. Please retry or visit the documentation for this function.\"}";

    /** Where recorded replies lie on the class path, by the paths that are asked for. */
    private static final Map<String, String> REPLIES = Map.of(
            "frankfurter/v2/rates", "frankfurter/rates",
            "fakestore/products", "fakestore/products",
            "fakestore/users", "fakestore/users",
            "fakestore/carts", "fakestore/carts");

    public Reply get(
            @Header(Exchange.HTTP_PATH) String path,
            @Header("function") @Nullable String function,
            @Header("symbol") @Nullable String symbol)
            throws IOException {
        String asked = path.replaceAll("^/(demo/api/)?|/+$", "");
        if (asked.equals("alpha-vantage/query")) {
            return known(function, symbol) ? recorded("alpha-vantage/" + function + "." + symbol, UNKNOWN) : said(UNKNOWN);
        }
        String reply = REPLIES.get(asked);
        return reply == null ? new Reply(404, "application/json", Map.of(), "{\"message\":\"not found\"}") : recorded(reply, "null");
    }

    private static boolean known(@Nullable String function, @Nullable String symbol) {
        return function != null && symbol != null && NAME.matcher(function).matches() && NAME.matcher(symbol).matches();
    }

    private static Reply recorded(String name, String otherwise) throws IOException {
        try (InputStream reply = DemoReplies.class.getResourceAsStream("/recorded/" + name + ".json")) {
            return said(reply == null ? otherwise : new String(reply.readAllBytes(), StandardCharsets.UTF_8));
        }
    }

    private static Reply said(String body) {
        return new Reply(200, "application/json", Map.of(), body);
    }
}
