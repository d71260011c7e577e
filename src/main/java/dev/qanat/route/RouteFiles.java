package dev.qanat.route;

import dev.qanat.settings.Settings;
import jakarta.enterprise.context.ApplicationScoped;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.apache.camel.CamelContext;
import org.apache.camel.spi.Resource;
import org.apache.camel.support.PluginHelper;
import org.apache.camel.support.ResourceHelper;
import org.jboss.logging.Logger;

/**
 * Loads the YAML files below the folder of routes, one at a time, so that a broken one costs no other. Safe for use by several
 * threads once loaded.
 */
@ApplicationScoped
public class RouteFiles {

    private static final Logger LOG = Logger.getLogger(RouteFiles.class);

    private final CamelContext camel;
    private final Path folder;
    private volatile Map<String, String> failures = Map.of();
    private volatile boolean loaded;

    RouteFiles(CamelContext camel, Settings settings) {
        this.camel = camel;
        this.folder = settings.routes();
    }

    /** Loads every file; what fails is logged, remembered and left out. */
    void load() throws IOException {
        Map<String, String> failed = new TreeMap<>();
        for (Path file : files()) {
            String name = folder.relativize(file).toString();
            try {
                Resource resource = ResourceHelper.fromString("file:" + name, Files.readString(file));
                PluginHelper.getRoutesLoader(camel).loadRoutes(resource);
            } catch (Exception e) {
                String reason = reason(e);
                failed.put(name, reason);
                LOG.errorf("Route file %s was not loaded: %s", name, reason);
            }
        }
        failures = failed;
        loaded = true;
    }

    private List<Path> files() throws IOException {
        if (!Files.isDirectory(folder)) {
            LOG.warnf("There is no folder %s: no routes are loaded; set QANAT_ROUTES", folder.toAbsolutePath());
            return List.of();
        }
        try (Stream<Path> walk = Files.walk(folder)) {
            return walk.filter(file -> file.toString().endsWith(".yaml") || file.toString().endsWith(".yml"))
                    .filter(Files::isRegularFile)
                    .sorted(Comparator.comparing(RouteFiles::rank).thenComparing(Comparator.naturalOrder()))
                    .toList();
        }
    }

    /** Camel wants what others refer to first: configurations before templates before routes. */
    private static int rank(Path file) {
        try {
            String text = Files.readString(file);
            return text.contains("- routeConfiguration:") ? 0 : text.contains("- routeTemplate:") ? 1 : 2;
        } catch (IOException e) {
            // It is told when the file is loaded.
            return 2;
        }
    }

    private static String reason(Exception e) {
        Throwable root = e;
        while (root.getCause() != null) {
            root = root.getCause();
        }
        String said = e.getMessage() == null ? e.toString() : e.getMessage();
        return root == e || root.getMessage() == null || said.contains(root.getMessage())
                ? said
                : said + ": " + root.getMessage();
    }

    /** Files that could not be loaded, by their names below the folder, with the reason. */
    public Map<String, String> failures() {
        return failures;
    }

    /** Whether loading has been tried for every file. */
    public boolean loaded() {
        return loaded;
    }

    /** A route's file as its location says, without the scheme. */
    static String fileOf(String location) {
        int path = location.indexOf(':');
        return path < 0 ? location : location.substring(path + 1);
    }
}
