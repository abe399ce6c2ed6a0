import java.io.File;
import java.util.Map;
import java.util.TreeMap;
import java.util.logging.LogManager;
import org.verapdf.gf.foundry.VeraGreenfieldFoundryProvider;
import org.verapdf.pdfa.Foundries;
import org.verapdf.pdfa.PDFAParser;
import org.verapdf.pdfa.PDFAValidator;
import org.verapdf.pdfa.flavours.PDFAFlavour;
import org.verapdf.pdfa.results.TestAssertion;
import org.verapdf.pdfa.results.ValidationResult;

/**
 * Asks veraPDF whether files are PDF/A-2b (ISO 19005-2): PdfA FILE…
 *
 * <p>A line per file, under it a line per broken rule with the first place; exit 0 when all are, 4 when not.
 */
public final class PdfA {
    private static final PDFAFlavour FLAVOUR = PDFAFlavour.PDFA_2_B;

    public static void main(String[] names) throws Exception {
        LogManager.getLogManager().reset();
        VeraGreenfieldFoundryProvider.initialise();
        boolean agreed = true;
        for (String name : names) {
            agreed &= judge(new File(name));
        }
        System.exit(agreed ? 0 : 4);
    }

    private static boolean judge(File file) throws Exception {
        try (PDFAParser parser = Foundries.defaultInstance().createParser(file, FLAVOUR);
                PDFAValidator validator = Foundries.defaultInstance().createValidator(FLAVOUR, false)) {
            ValidationResult result = validator.validate(parser);
            String kind = file.getParentFile().getName();
            System.out.printf("%-8s %-50s %s%n", kind, file.getName(), result.isCompliant() ? "PDF/A-2b" : "NOT PDF/A-2b");
            broken(result).forEach((rule, place) -> System.out.printf("         %s: %s%n", rule, place));
            return result.isCompliant();
        }
    }

    private static Map<String, String> broken(ValidationResult result) {
        Map<String, String> rules = new TreeMap<>();
        for (TestAssertion found : result.getTestAssertions()) {
            String rule = found.getRuleId().getClause() + "-" + found.getRuleId().getTestNumber();
            rules.putIfAbsent(rule + " " + found.getMessage().replaceAll("\\s+", " "), found.getLocation().getContext());
        }
        return rules;
    }
}
