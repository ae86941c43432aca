using RnnService.Http;
using RnnService.Registry;
using RnnService.Storage;

namespace RnnService.Predictions;

/// <summary>What predictions answer when the model is not there or not for this.</summary>
internal static class ModelProblems
{
    /// <summary>404.</summary>
    public static ProblemResult NotFound(string reference) =>
        Problems.NotFound("model", Names.Shorten(reference), "A reference is name, name:3 or name@alias; GET /api/v1/models lists the models.");

    /// <summary>422: the model's task is served by another call.</summary>
    /// <param name="model">The model.</param>
    /// <param name="call">What was called.</param>
    /// <param name="tasks">What that call is for.</param>
    public static ProblemResult WrongTask(ResolvedModel model, string call, string tasks) => Problems.Invalid(
        $"The model '{model.Model}' is for {SnakeCaseEnum<LearningTask>.Write(model.Task)}, not for {call}.",
        $"POST /api/v1/models/{{ref}}/{CallOf(model.Task)} serves this model; {call} is for {tasks}.");

    private static string CallOf(LearningTask task) => task switch
    {
        LearningTask.SequenceClassification or LearningTask.VectorClassification => "classify",
        LearningTask.SequenceLabeling => "label",
        _ => "generate",
    };
}
