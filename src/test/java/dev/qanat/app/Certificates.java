package dev.qanat.app;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;

/** An authority of a test's own, with the certificates that it gives, as PEM files. They are made by the JDK's keytool. */
final class Certificates {
    private static final String PASSWORD = "changeit";

    private final Path folder;

    private Certificates(Path folder) {
        this.folder = folder;
    }

    static Certificates newAuthority(Path folder) throws IOException, InterruptedException {
        Files.createDirectories(folder);
        Certificates made = new Certificates(folder);
        made.newKey("ca", "-ext", "bc:c=ca:true", "-ext", "ku=keyCertSign");
        made.keytool("ca", "-exportcert", "-rfc", "-file", made.authority().toString());
        return made;
    }

    /** What those trust who trust the authority. */
    Path authority() {
        return folder.resolve("ca.pem");
    }

    Path certificate(String name) {
        return folder.resolve(name + ".pem");
    }

    Path key(String name) {
        return folder.resolve(name + "-key.pem");
    }

    /**
     * Makes a certificate that the authority signs, and its key.
     *
     * @param hosts in keytool's form: {@code dns:localhost,ip:127.0.0.1}
     */
    void issue(String name, String hosts) throws IOException, InterruptedException, GeneralSecurityException {
        newKey(name);
        Path request = folder.resolve(name + ".csr");
        keytool(name, "-certreq", "-file", request.toString());
        keytool("ca", "-gencert", "-rfc", "-infile", request.toString(), "-outfile", certificate(name).toString(), "-ext", "san=" + hosts);
        KeyStore store = KeyStore.getInstance("PKCS12");
        try (InputStream bytes = Files.newInputStream(store(name))) {
            store.load(bytes, PASSWORD.toCharArray());
        }
        byte[] key = store.getKey(name, PASSWORD.toCharArray()).getEncoded();
        Files.writeString(key(name), "-----BEGIN PRIVATE KEY-----\n"
                + Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(key) + "\n-----END PRIVATE KEY-----\n");
        Files.setPosixFilePermissions(key(name), PosixFilePermissions.fromString("rw-------"));
    }

    private void newKey(String name, String... further) throws IOException, InterruptedException {
        List<String> arguments = new ArrayList<>(
                List.of("-genkeypair", "-keyalg", "EC", "-groupname", "secp256r1", "-dname", "CN=" + name, "-validity", "2"));
        arguments.addAll(Arrays.asList(further));
        keytool(name, arguments.toArray(String[]::new));
    }

    private Path store(String name) {
        return folder.resolve(name + ".p12");
    }

    private void keytool(String alias, String... arguments) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "keytool").toString()));
        command.addAll(Arrays.asList(arguments));
        command.addAll(List.of(
                "-alias", alias, "-keystore", store(alias).toString(), "-storetype", "PKCS12", "-storepass", PASSWORD));
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor()).as(said).isZero();
    }
}
