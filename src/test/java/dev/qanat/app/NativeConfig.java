package dev.qanat.app;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;

/**
 * What a native image would be told, in the files that Quarkus writes and that libraries bring along, and the classes it would be compiled from.
 */
final class NativeConfig {

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String CONFIGURATION = "META-INF/native-image/";

    private final Map<String, List<JsonNode>> reflected = new HashMap<>();
    private final List<Pattern> resources = new ArrayList<>();
    private final Set<String> proxies = new HashSet<>();
    private final Map<String, Path> classes = new HashMap<>();
    private final Map<String, String> constants = new HashMap<>();
    private final String arguments;

    /** @param sources the folder with the application's jar, its libraries in {@code lib}, and the arguments of the compiler */
    NativeConfig(Path sources) throws IOException {
        arguments = Files.readString(sources.resolve("native-image.args"));
        try (Stream<Path> files = Files.walk(sources)) {
            for (Path jar : files.filter(file -> file.toString().endsWith(".jar")).toList()) {
                read(jar);
            }
        }
    }

    private void read(Path jar) throws IOException {
        try (ZipFile entries = new ZipFile(jar.toFile())) {
            for (ZipEntry entry : Collections.list(entries.entries())) {
                String name = entry.getName();
                if (name.endsWith(".class")) {
                    classes.putIfAbsent(name, jar);
                } else if (name.startsWith(CONFIGURATION) && name.endsWith("-config.json")) {
                    JsonNode content = JSON.readTree(entries.getInputStream(entry));
                    switch (name.substring(name.lastIndexOf('/') + 1)) {
                        case "reflect-config.json" -> content.forEach(
                                type -> reflected.computeIfAbsent(type.path("name").asText(), n -> new ArrayList<>()).add(type));
                        case "resource-config.json" -> {
                            JsonNode of = content.path("resources");
                            (of.isArray() ? of : of.path("includes")).forEach(
                                    include -> resources.add(Pattern.compile(include.path("pattern").asText())));
                        }
                        case "proxy-config.json" -> content.forEach(proxy -> proxies.add(proxy.path("interfaces").isMissingNode()
                                ? texts(proxy)
                                : texts(proxy.path("interfaces"))));
                        default -> { }
                    }
                }
            }
        }
    }

    private static String texts(JsonNode list) {
        return StreamSupport.stream(list.spliterator(), false).map(JsonNode::asText).collect(Collectors.joining(","));
    }

    boolean knows(String type) {
        return reflected.containsKey(type);
    }

    /** @param member such as {@code a.B#<init>()}, {@code a.B#get(int,a.C[])} or, a field, {@code a.B#name} */
    boolean reaches(String member) {
        String[] parts = member.split("#", 2);
        String name = parts[1].replaceFirst("\\(.*", "");
        String kind = !parts[1].contains("(") ? "Fields" : name.equals("<init>") ? "Constructors" : "Methods";
        List<String> parameters = parts[1].endsWith("()") || !parts[1].contains("(")
                ? List.of()
                : Arrays.asList(parts[1].replaceFirst(".*\\((.*)\\)", "$1").split(","));
        return reflected.getOrDefault(parts[0], List.of()).stream().anyMatch(type -> type.path("allDeclared" + kind).asBoolean()
                || type.path("allPublic" + kind).asBoolean()
                || Stream.concat(stream(type.path("methods")), stream(type.path("fields"))).anyMatch(
                        one -> one.path("name").asText().equals(name) && stream(one.path("parameterTypes")).map(JsonNode::asText).toList().equals(parameters)));
    }

    private static Stream<JsonNode> stream(JsonNode list) {
        return StreamSupport.stream(list.spliterator(), false);
    }

    boolean holds(String resource) {
        return resources.stream().anyMatch(pattern -> pattern.matcher(resource).matches());
    }

    boolean makesProxies(String interfaces) {
        return proxies.contains(interfaces);
    }

    /** Whether a class is initialized when the program starts, and not when the image is made. */
    boolean initializesAtStart(String type) throws IOException {
        return Arrays.stream(arguments.split("[ ,=]")).anyMatch(type::equals) || names("io.quarkus.runner.Feature", type);
    }

    boolean has(String type) {
        return classes.containsKey(file(type));
    }

    /** Whether a class holds a text among its constants, as itself or as the name of a class. */
    boolean names(String type, String text) throws IOException {
        String constant = constants(type);
        return constant.contains(text) || constant.contains(text.replace('.', '/'));
    }

    private String constants(String type) throws IOException {
        String known = constants.get(type);
        if (known == null) {
            Path jar = classes.get(file(type));
            if (jar == null) {
                return "";
            }
            try (ZipFile entries = new ZipFile(jar.toFile())) {
                known = new String(entries.getInputStream(entries.getEntry(file(type))).readAllBytes(), StandardCharsets.ISO_8859_1);
            }
            constants.put(type, known);
        }
        return known;
    }

    private static String file(String type) {
        return type.replace('.', '/') + ".class";
    }
}
