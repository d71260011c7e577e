package dev.qanat.settings;

import dev.qanat.failure.Code;
import dev.qanat.failure.InputFailure;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Pattern;

/**
 * The secrets that pipelines may name, as far as the operator allows: files of a folder, one a secret, and the environment. A file
 * stands above a variable of its name, and is read anew at each call, so that a secret can be changed while the server runs. Safe
 * for use by several threads.
 */
public final class Secrets {
    /** What the pipeline that comes along needs. */
    static final Set<String> OWN = Set.of("ALPHA_VANTAGE_API_KEY");

    private static final int MAX_BYTES = 64 << 10;
    /** No name leads out of the folder. */
    private static final Pattern NAME = Pattern.compile("[A-Za-z_][A-Za-z0-9_]*");

    private static final Pattern CONTROL = Pattern.compile("\\p{Cntrl}");

    private final AllowedNames allowed;
    private final Optional<Path> folder;
    private final Map<String, String> environment;
    private final Set<String> asked = ConcurrentHashMap.newKeySet();

    Secrets(List<String> allowed, Optional<Path> folder, Map<String, String> environment) {
        this.allowed = new AllowedNames(allowed, OWN);
        this.folder = folder;
        this.environment = Map.copyOf(environment);
    }

    /**
     * The value of a secret, without the line break that ends its file; empty when it is not there, not allowed, or has no character.
     *
     * @throws InputFailure {@code invalid_secret} when its file is too large or cannot be read, or its value is no text of one line;
     *     the message does not hold the value
     */
    public Optional<String> find(String name) {
        if (!NAME.matcher(name).matches() || !allowed.has(name)) {
            return Optional.empty();
        }
        asked.add(name);
        Optional<Path> file = folder.map(f -> f.resolve(name)).filter(Files::exists);
        Optional<String> value = file.isPresent() ? Optional.of(read(name, file.get())) : Optional.ofNullable(environment.get(name));
        if (value.isPresent() && CONTROL.matcher(value.get()).find()) {
            throw invalid(name, "has a line break or another control character in it");
        }
        return value.filter(v -> !v.isEmpty());
    }

    /** Whether a pipeline has named it as a secret: then nothing else may read it from the environment. */
    public boolean isOne(String name) {
        return OWN.contains(name) || asked.contains(name);
    }

    private static String read(String name, Path file) {
        if (!Files.isRegularFile(file)) {
            throw invalid(name, "is no regular file in QANAT_SECRETS_DIR");
        }
        try (InputStream in = Files.newInputStream(file)) {
            byte[] bytes = in.readNBytes(MAX_BYTES + 1);
            if (bytes.length > MAX_BYTES) {
                throw invalid(name, "has a file of more than 64 KiB");
            }
            return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString().replaceFirst("\\r?\\n\\z", "");
        } catch (CharacterCodingException e) {
            throw invalid(name, "has a file that is not UTF-8");
        } catch (IOException e) {
            throw invalid(name, "has a file that cannot be read (" + e.getClass().getSimpleName() + ")");
        }
    }

    private static InputFailure invalid(String name, String fault) {
        return new InputFailure(Code.INVALID_SECRET, "the secret " + name + " " + fault);
    }
}
