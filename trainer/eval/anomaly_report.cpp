// Tables of anomaly detectors.
#include "eval/anomaly_report.hpp"

#include "eval/paper_anomaly.hpp"
#include "report/csv.hpp"

#include "mirra/printable.hpp"

#include <cstdio>

namespace mirra::trainer {
namespace {

std::string formatted(const char *format, double value) {
    char text[48];
    std::snprintf(text, sizeof text, format, value);
    return text;
}

/// The paper's figure for an encoder trained so.
std::string paper_text(const std::optional<PaperAuroc> &figure, const std::optional<bool> &robust,
                       const char *format) {
    if (!figure || !robust) return "";
    return formatted(format, *robust ? figure->robust : figure->standard);
}
std::string adgan_text(const std::optional<PaperAuroc> &figure, const char *format) {
    return figure ? formatted(format, figure->adgan) : "";
}

void print_line(const AnomalyMeasurement &measurement, const std::string &name, std::size_t normal,
                std::size_t anomalous, const Auroc &area, const std::optional<PaperAuroc> &figure) {
    std::printf("%-26s %-14s %-15s %6zu %6zu  %.4f (%.4f)  %7s %7s\n", printable(measurement.model).c_str(),
                printable(name).c_str(), measurement.method.c_str(), normal, anomalous, area.value,
                area.error, paper_text(figure, measurement.robust, "%.4f").c_str(),
                adgan_text(figure, "%.3f").c_str());
    std::fflush(stdout);
}

std::string csv_line(const AnomalyMeasurement &measurement, const std::string &name, std::size_t normal,
                     std::size_t anomalous, const Auroc &area, const std::optional<PaperAuroc> &figure) {
    char text[96];
    std::snprintf(text, sizeof text, ",%zu,%zu,%.5f,%.5f,", normal, anomalous, area.value, area.error);
    return csv_field(measurement.model) + "," + csv_field(name) + "," + measurement.method + text +
           paper_text(figure, measurement.robust, "%g") + "," + adgan_text(figure, "%g") + "\n";
}

/// The mean of a model's and method's classes; the paper's only where all of its classes are there.
struct Mean {
    const AnomalyMeasurement *first;
    std::string name;
    std::size_t normal = 0, anomalous = 0;
    Auroc area;
    std::optional<PaperAuroc> figure;
};

std::vector<Mean> means(const std::vector<AnomalyMeasurement> &measurements,
                        const std::vector<std::string> &classes) {
    std::vector<Mean> out;
    for (const auto &group : by_method(measurements)) {
        Mean mean{group.front(), "mean of " + std::to_string(group.size()), 0, 0, {}, {}};
        std::vector<Auroc> all;
        for (const auto *measurement : group) {
            const auto scores = measurement->labelled();
            mean.normal += scores.normal.size();
            mean.anomalous += scores.anomalous.size();
            all.push_back(auroc_of(scores));
        }
        mean.area = mean_of(all);
        if (group.size() == classes.size()) mean.figure = paper_anomaly_mean(classes);
        out.push_back(std::move(mean));
    }
    return out;
}

} // namespace

void print_one_vs_all_header() {
    std::printf("%-26s %-14s %-15s %6s %6s  %15s  %7s %7s\n", "encoder", "normal class", "method", "normal",
                "others", "AUROC (error)", "paper", "ADGAN");
}

void print_one_vs_all_row(const AnomalyMeasurement &measurement, const std::vector<std::string> &classes) {
    const auto scores = measurement.labelled();
    print_line(measurement, measurement.class_name, scores.normal.size(), scores.anomalous.size(),
               auroc_of(scores), paper_anomaly(classes, measurement.class_name));
}

void print_one_vs_all_means(const std::vector<AnomalyMeasurement> &measurements,
                            const std::vector<std::string> &classes) {
    for (const auto &mean : means(measurements, classes))
        print_line(*mean.first, mean.name, mean.normal, mean.anomalous, mean.area, mean.figure);
}

std::string one_vs_all_csv(const std::vector<AnomalyMeasurement> &measurements,
                           const std::vector<std::string> &classes) {
    std::string text = "encoder,class,method,normal,anomalous,auroc,auroc_error,paper,adgan\n";
    for (const auto &measurement : measurements) {
        const auto scores = measurement.labelled();
        text += csv_line(measurement, measurement.class_name, scores.normal.size(), scores.anomalous.size(),
                         auroc_of(scores), paper_anomaly(classes, measurement.class_name));
    }
    for (const auto &mean : means(measurements, classes))
        text += csv_line(*mean.first, "mean", mean.normal, mean.anomalous, mean.area, mean.figure);
    return text;
}

void print_parts_header() {
    std::printf("%-20s %-15s %6s %6s  %15s %11s %8s %8s\n", "bundle", "method", "good", "bad",
                "AUROC (error)", "threshold", "FPR", "TPR");
}

void print_parts_row(const AnomalyMeasurement &measurement) {
    const auto scores = measurement.labelled();
    const auto area = auroc_of(scores);
    std::printf("%-20s %-15s %6zu %6zu  %.4f (%.4f)", printable(measurement.model).c_str(),
                measurement.method.c_str(), scores.normal.size(), scores.anomalous.size(), area.value,
                area.error);
    if (measurement.threshold) {
        const auto rates = rates_above(*measurement.threshold, scores);
        std::printf(" %11.5g %8.4f %8.4f\n", *measurement.threshold, rates.false_positive,
                    rates.true_positive);
    } else {
        std::printf(" %11s %8s %8s\n", "-", "-", "-");
    }
    std::fflush(stdout);
}

std::string parts_csv(const std::vector<AnomalyMeasurement> &measurements) {
    std::string text = "bundle,method,good,bad,auroc,auroc_error,threshold,fpr,tpr\n";
    char line[192];
    for (const auto &measurement : measurements) {
        const auto scores = measurement.labelled();
        const auto area = auroc_of(scores);
        std::snprintf(line, sizeof line, ",%zu,%zu,%.5f,%.5f,", scores.normal.size(), scores.anomalous.size(),
                      area.value, area.error);
        text += csv_field(measurement.model) + "," + measurement.method + line;
        if (measurement.threshold) {
            const auto rates = rates_above(*measurement.threshold, scores);
            std::snprintf(line, sizeof line, "%.8g,%.5f,%.5f\n", *measurement.threshold, rates.false_positive,
                          rates.true_positive);
            text += line;
        } else {
            text += ",,\n";
        }
    }
    return text;
}

void print_defects(const std::vector<DefectRow> &rows) {
    std::printf("%-14s %-15s %8s  %15s %12s\n", "defect", "method", "pictures", "AUROC (error)",
                "pixel AUROC");
    for (const auto &row : rows)
        std::printf("%-14s %-15s %8zu  %.4f (%.4f) %12.4f\n", printable(row.kind).c_str(), row.method.c_str(),
                    row.pictures, row.image.value, row.image.error, row.pixel.value);
}

std::string defects_csv(const std::vector<DefectRow> &rows) {
    std::string text = "defect,method,pictures,auroc,auroc_error,pixel_auroc\n";
    char line[160];
    for (const auto &row : rows) {
        std::snprintf(line, sizeof line, "%s,%s,%zu,%.5f,%.5f,%.5f\n", printable(row.kind).c_str(),
                      row.method.c_str(), row.pictures, row.image.value, row.image.error, row.pixel.value);
        text += line;
    }
    return text;
}

} // namespace mirra::trainer
