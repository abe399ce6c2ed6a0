import eu.europa.esig.dss.enumerations.Indication;
import eu.europa.esig.dss.enumerations.SignatureLevel;
import eu.europa.esig.dss.jaxb.object.Message;
import eu.europa.esig.dss.model.FileDocument;
import eu.europa.esig.dss.simplereport.SimpleReport;
import eu.europa.esig.dss.simplereport.jaxb.XmlTimestamp;
import eu.europa.esig.dss.spi.DSSUtils;
import eu.europa.esig.dss.spi.validation.CommonCertificateVerifier;
import eu.europa.esig.dss.spi.x509.CommonCertificateSource;
import eu.europa.esig.dss.spi.x509.CommonTrustedCertificateSource;
import eu.europa.esig.dss.spi.x509.revocation.crl.ExternalResourcesCRLSource;
import eu.europa.esig.dss.validation.SignedDocumentValidator;
import java.io.ByteArrayInputStream;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Asks EU DSS about signatures, with nothing but the given trust and no network: Signatures TRUST FILE…
 *
 * <p>TRUST holds root-*, ca-* (DER certificates) and crl-*. A file NAME.n.pdf must have n signatures, each
 * TOTAL_PASSED, PAdES-BASELINE-T and without an error or warning about the signature or its time stamp; what
 * DSS says about European qualification is left out. Exit 0 when all are so, 4 when not.
 */
public final class Signatures {
    public static void main(String[] arguments) throws Exception {
        boolean agreed = true;
        for (String name : Arrays.asList(arguments).subList(1, arguments.length)) {
            agreed &= judge(new File(name), new File(arguments[0]));
        }
        System.exit(agreed ? 0 : 4);
    }

    private static boolean judge(File file, File trust) throws IOException {
        SignedDocumentValidator validator = SignedDocumentValidator.fromDocument(new FileDocument(file));
        validator.setCertificateVerifier(trusting(trust));
        SimpleReport report = validator.validateDocument().getSimpleReport();
        List<String> complaints = new ArrayList<>();
        String expected = file.getName().replaceFirst("^.*\\.([0-9]+)\\.pdf$", "$1");
        if (!expected.equals(String.valueOf(report.getSignaturesCount()))) {
            complaints.add(report.getSignaturesCount() + " signatures");
        }
        for (String id : report.getSignatureIdList()) {
            complaints.addAll(complaints(report, id));
        }
        String verdict = complaints.isEmpty() ? "TOTAL_PASSED, PAdES-BASELINE-T, " + expected + "×" : "COMPLAINTS";
        System.out.printf("%-8s %-50s %s%n", file.getParentFile().getName(), file.getName(), verdict);
        complaints.forEach(complaint -> System.out.printf("         %s%n", complaint));
        return complaints.isEmpty();
    }

    private static List<String> complaints(SimpleReport report, String id) {
        List<String> complaints = new ArrayList<>(messages(report, id));
        if (report.getIndication(id) != Indication.TOTAL_PASSED) {
            complaints.add(report.getIndication(id) + " " + report.getSubIndication(id));
        }
        if (report.getSignatureFormat(id) != SignatureLevel.PAdES_BASELINE_T) {
            complaints.add(String.valueOf(report.getSignatureFormat(id)));
        }
        for (XmlTimestamp stamp : report.getSignatureTimestamps(id)) {
            complaints.addAll(messages(report, stamp.getId()));
            if (stamp.getIndication() != Indication.PASSED) {
                complaints.add("time stamp: " + stamp.getIndication() + " " + stamp.getSubIndication());
            }
        }
        complaints.replaceAll(complaint -> report.getSignedBy(id) + ": " + complaint);
        return complaints;
    }

    private static List<String> messages(SimpleReport report, String id) {
        List<Message> messages = new ArrayList<>(report.getAdESValidationErrors(id));
        messages.addAll(report.getAdESValidationWarnings(id));
        return messages.stream().map(message -> message.getKey() + " " + message.getValue()).toList();
    }

    private static CommonCertificateVerifier trusting(File folder) throws IOException {
        CommonTrustedCertificateSource roots = new CommonTrustedCertificateSource();
        CommonCertificateSource others = new CommonCertificateSource();
        List<InputStream> lists = new ArrayList<>();
        for (File file : folder.listFiles()) {
            switch (file.getName().replaceFirst("-.*", "")) {
                case "root" -> roots.addCertificate(DSSUtils.loadCertificate(file));
                case "ca" -> others.addCertificate(DSSUtils.loadCertificate(file));
                case "crl" -> lists.add(new ByteArrayInputStream(Files.readAllBytes(file.toPath())));
                default -> throw new IllegalArgumentException(file.getName());
            }
        }
        CommonCertificateVerifier verifier = new CommonCertificateVerifier(true);
        verifier.setTrustedCertSources(roots);
        verifier.setAdjunctCertSources(others);
        verifier.setCrlSource(new ExternalResourcesCRLSource(lists.toArray(InputStream[]::new)));
        return verifier;
    }
}
